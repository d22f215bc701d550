"""Elements of a row, normalized and modulated."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.block.binary32 import binary32_layout
from hw.block.float_sum import FLOAT_SUM_STAGES, float_sum
from hw.functions.exp2 import Exp2
from hw.functions.product import Multiply17
from hw.stream.free_stages import FreeStages
from hw.stream.named_stages import NamedStages
from hw.target.delay import delay

__all__ = ["Normalize"]

_HALF = Multiply17.latency + FLOAT_SUM_STAGES
"""Cycles of a product and a sum."""


class Normalize(wiring.Component):
    """``(x * factor + offset) * scale + shift``, the last step of ``golden.functions.normalize``.

    Or, if ``exponential``, ``exp2(x + offset) + shift``, with a shift of 0 that of
    ``golden.functions.exponential``, all bits of ``x`` taken.

    Products are those of ``Multiply17``, sums those of ``float_sum``. A NaN as factor makes NaN of ``x``.

    Latency ``latency`` cycles, throughput an element per cycle; no flow control. ``factor`` comes with ``x``,
    each of the others ``arrivals`` cycles later, when it is needed: nothing waits for it in registers. Only
    the ``offset`` of exponentials comes with ``x``.

    Members
    -------
    x, factor, offset, scale, shift: In(``binary32_layout``)
        An element, what ``RowStatistics`` or ``RowMaximum`` makes of its row, modulation.
    exponential: In(1)
        Holds still from a cycle before the first element on.
    o: Out(``binary32_layout``)
    """

    latency = 2 * _HALF
    arrivals = {"offset": Multiply17.latency, "scale": _HALF, "shift": _HALF + Multiply17.latency}

    def __init__(self):
        inputs = ("x", "factor", "offset", "scale", "shift")
        super().__init__(
            {name: In(binary32_layout()) for name in inputs}
            | {"exponential": In(1), "o": Out(binary32_layout())}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.normalizing = normalizing = Multiply17()
        m.submodules.scaling = scaling = Multiply17()
        m.submodules.exp2 = exp2 = Exp2()
        exponential = Signal()
        m.d.sync += exponential.eq(self.exponential)
        # Exponentials go around both products, each of which lasts as long as what takes its place.
        power = delay(
            m, "power", exp2.o.as_value(), _HALF - FLOAT_SUM_STAGES + Multiply17.latency - Exp2.latency
        )
        sums = []
        for name, product, instead, addend in (
            ("centered", normalizing, self.x.as_value(), self.offset),
            ("shifted", scaling, power, self.shift),
        ):
            registers = NamedStages(FreeStages(m), name)
            given = Mux(exponential, instead, product.o.as_value())
            value = float_sum(registers, given, addend.as_value())
            sums.append(registers.register(FLOAT_SUM_STAGES, "sum", value))
        m.d.comb += [
            exp2.i.eq(sums[0]),
            normalizing.x.eq(self.x),
            normalizing.y.eq(self.factor),
            scaling.x.eq(sums[0]),
            scaling.y.eq(self.scale),
            self.o.eq(sums[1]),
        ]
        return m
