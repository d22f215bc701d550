"""Results through the function that their job asks for."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import Function
from hw.block.binary32 import BINARY32_BITS
from hw.functions.activation import Activation
from hw.functions.exp2 import Exp2
from hw.gemm.jobs.job import FUNCTION_BITS
from hw.gemm.results.part_slices import join_slices
from hw.stream.free_pipeline import FreePipeline
from hw.stream.packet import packet_layout

__all__ = ["FunctionLanes"]

ACTIVATION_SHARE = 4
"""Lanes for powers of two to each one for activations: products before these have a longer K."""


class FunctionLanes(wiring.Component):
    """Parts of rows, each value by 2**x, GELU or SiLU; or as they are.

    As they are they pass without latency. Else throughput is ``lanes`` values per cycle, of activations a
    fourth of that, at least one; latency that of the unit and of a ``FreePipeline``. ``i.ready`` depends on
    ``o.ready`` only where they pass.

    Parameters
    ----------
    words:
        Columns of a part.
    lanes:
        Powers of two per cycle, a power of two, at most ``words``.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    function: In, a code of ``golden.engine.Function``; holds still while anything is under way
    i, o: streams of ``words`` binary32
    """

    def __init__(self, *, words, lanes, target="generic"):
        self._sizes = {"words": words, "target": target}
        self.lanes = lanes
        part = stream.Signature(data.ArrayLayout(BINARY32_BITS, words))
        super().__init__({"function": In(FUNCTION_BITS), "i": In(part), "o": Out(part)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.exp2 = exp2 = _Lanes(Exp2, lanes=self.lanes, **self._sizes)
        activation_lanes = max(1, self.lanes // ACTIVATION_SHARE)
        m.submodules.activation = activation = _Lanes(Activation, lanes=activation_lanes, **self._sizes)
        silu = self.function == Function.SILU
        m.d.comb += [
            *(unit.silu.eq(silu) for unit in activation.units),
            exp2.i.p.eq(self.i.p),
            activation.i.p.eq(self.i.p),
        ]
        with m.Switch(self.function):
            with m.Case(Function.NONE):
                m.d.comb += _connect(self.i, self.o)
            with m.Case(Function.EXP2):
                m.d.comb += [*_handshake(self.i, exp2.i), *_connect(exp2.o, self.o)]
            with m.Default():
                m.d.comb += [*_handshake(self.i, activation.i), *_connect(activation.o, self.o)]
        return m


class _Lanes(wiring.Component):
    """Parts slice by slice through ``units``, one for each lane."""

    def __init__(self, unit, *, words, lanes, target):
        self.units = [unit() for _ in range(lanes)]
        self._slices = words // lanes
        self._target = target
        part = stream.Signature(data.ArrayLayout(BINARY32_BITS, words))
        super().__init__({"i": In(part), "o": Out(part)})

    def elaborate(self, platform):
        m = Module()
        lanes, slices = len(self.units), self._slices
        packet = stream.Signature(packet_layout(BINARY32_BITS * lanes, 0))
        given, made = packet.create(path=("given",)), packet.create(path=("made",))
        pipe = FreePipeline(m, i=given, o=made, stages=self.units[0].latency, target=self._target)
        number = Signal(range(max(2, slices)))
        values = data.View(data.ArrayLayout(BINARY32_BITS * lanes, slices), self.i.p.as_value())[number]
        m.d.comb += [
            given.valid.eq(self.i.valid),
            given.p.data.eq(values),
            given.p.last.eq(number == slices - 1),
            self.i.ready.eq(given.ready & given.p.last),
            self.o.p.as_value().eq(join_slices(m, made, lanes=lanes, number=slices)),
            self.o.valid.eq(made.valid & made.p.last),
            made.ready.eq(~made.p.last | self.o.ready),
        ]
        with m.If(given.valid & given.ready):
            m.d.sync += number.eq(Mux(given.p.last, 0, number + 1))
        for n, unit in enumerate(self.units):
            bits = slice(BINARY32_BITS * n, BINARY32_BITS * (n + 1))
            m.submodules[f"unit_{n}"] = unit
            m.d.comb += [
                unit.i.as_value().eq(values[bits]),
                pipe.result.data[bits].eq(unit.o.as_value()),
            ]
        return m


def _handshake(of, to):
    """Give ``to`` the valid of ``of``, and ``of`` the ready of ``to``."""
    return [to.valid.eq(of.valid), of.ready.eq(to.ready)]


def _connect(of, to):
    """The whole stream."""
    return [*_handshake(of, to), to.p.eq(of.p)]
