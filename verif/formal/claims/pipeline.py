"""Claims about ``hw.stream.pipeline``: no beat is lost, repeated or overtaken, and one that waits stays."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.stream.packet import packet_layout
from hw.stream.pipeline import Pipeline
from verif.formal.prover.claim import Claim
from verif.formal.prover.handshake import Order, claim_stable
from verif.formal.prover.methods import Induction
from verif.formal.prover.mutation import Edit

__all__ = ["CLAIMS"]

_WIDTH = 8
_STAGES = 3


class _Delay(wiring.Component):
    """Beats through stages that do nothing to them."""

    def __init__(self, stages):
        self.stages = stages
        packets = stream.Signature(packet_layout(_WIDTH, 1))
        super().__init__({"i": In(packets), "o": Out(packets)})

    def elaborate(self, platform):
        m = Module()
        pipe = Pipeline(m, i=self.i, o=self.o, stages=self.stages)
        m.d.comb += self.o.p.data.eq(pipe.carry(1, self.stages, "data", self.i.p.data))
        return m


def _build(stages):
    def build(bench):
        unit = bench.unit(_Delay(stages))
        order = Order(
            bench,
            comes=unit.i.valid & unit.i.ready,
            entry=unit.i.p.data,
            leaves=unit.o.valid & unit.o.ready,
            exit=unit.o.p.data,
        )
        claim_stable(bench, "o", unit.o)
        order.claim()
        waiting = ~unit.i.ready
        valid = [bench.inside(f"unit.valid_{n}", 1) for n in range(1, stages + 1)]
        inside = waiting
        for full in valid:
            inside = inside + full
        bench.claim("count", order.inside == inside)
        bench.help("empty", bench.inside("unit.empty", 1) == ~valid[-1])
        bench.help("runs", bench.inside("unit.run_0", 1) == ~waiting)
        bench.help("waits behind the output", ~waiting | valid[-1])
        order.help_at("output", 0, valid[-1], unit.o.p.data)
        order.help_at("buffer", 1, waiting, bench.inside("unit.data_buffer", _WIDTH))
        before = valid[-1] + waiting
        for n in reversed(range(1, stages)):
            order.help_at(f"stage {n}", before, valid[n - 1], bench.inside(f"unit.data_{n}", _WIDTH))
            before = before + valid[n - 1]

    return build


CLAIMS = [
    Claim(
        unit=f"Pipeline, {stages} stages",
        text="order, count, stable output",
        build=_build(stages),
        method=Induction(1),
        mutants=(
            Edit("the buffer is lost", Pipeline, "_load", "Mux(self._waiting, buffer, value)", "value"),
            Edit(
                "a gap too many",
                Pipeline,
                "_hold",
                "valid[-1].eq(valid[-2] | waiting)",
                "valid[-1].eq(valid[-2])",
            ),
            Edit("the output goes on", Pipeline, "__init__", "empty | o.ready", "1"),
        ),
    )
    for stages in (2, 3, 5)
]
