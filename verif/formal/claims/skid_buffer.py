"""Claims about ``hw.stream.skid_buffer``."""

from hw.stream.skid_buffer import SkidBuffer
from verif.formal.prover.claim import Claim
from verif.formal.prover.handshake import Order, claim_stable
from verif.formal.prover.methods import Induction
from verif.formal.prover.mutation import Edit

__all__ = ["CLAIMS"]

_WIDTH = 8


def _build(bench):
    unit = bench.unit(SkidBuffer(shape=_WIDTH))
    full, spare = bench.inside("unit.full", 1), bench.inside("unit.spare", _WIDTH)
    order = Order.of_streams(bench, unit.i, unit.o)
    claim_stable(bench, "o", unit.o)
    bench.claim("count", order.inside == unit.o.valid + full)
    bench.claim("capacity", order.inside <= SkidBuffer.capacity)
    order.claim()
    bench.help("spare is behind", ~full | unit.o.valid)
    order.help_at("first", 0, unit.o.valid, unit.o.payload)
    order.help_at("second", 1, full, spare)


CLAIMS = [
    Claim(
        unit="SkidBuffer",
        text="order, count, stable output",
        build=_build,
        method=Induction(1),
        mutants=(
            Edit("never the spare", SkidBuffer, "elaborate", "Mux(full, spare, payload)", "payload"),
            Edit("the spare is lost", SkidBuffer, "elaborate", "full | self.i.valid", "self.i.valid"),
            Edit("goes on while stalled", SkidBuffer, "elaborate", "~self.o.valid | self.o.ready", "1"),
        ),
    ),
]
