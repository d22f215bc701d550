"""Elements of a row, normalized and modulated."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.block.binary32 import binary32_layout
from hw.block.float_sum import FLOAT_SUM_STAGES, float_sum
from hw.functions.product import Multiply17
from hw.stream.free_stages import FreeStages
from hw.stream.named_stages import NamedStages

__all__ = ["Normalize"]

_HALF = Multiply17.latency + FLOAT_SUM_STAGES
"""Cycles of a product and a sum."""


class Normalize(wiring.Component):
    """``(x * factor + offset) * scale + shift``, the last step of ``golden.functions.normalize``.

    Products are those of ``Multiply17``, sums those of ``float_sum``. A NaN as factor makes NaN of ``x``.

    Latency ``latency`` cycles, throughput an element per cycle; no flow control. ``factor`` comes with ``x``,
    each of the others ``arrivals`` cycles later, when it is needed: nothing waits for it in registers.

    Members
    -------
    x, factor, offset, scale, shift: In(``binary32_layout``)
        An element, what ``RowStatistics`` makes of its row, modulation.
    o: Out(``binary32_layout``)
    """

    latency = 2 * _HALF
    arrivals = {"offset": Multiply17.latency, "scale": _HALF, "shift": _HALF + Multiply17.latency}

    def __init__(self):
        inputs = ("x", "factor", "offset", "scale", "shift")
        super().__init__({name: In(binary32_layout()) for name in inputs} | {"o": Out(binary32_layout())})

    def elaborate(self, platform):
        m = Module()
        m.submodules.normalizing = normalizing = Multiply17()
        m.submodules.scaling = scaling = Multiply17()
        sums = []
        for name, product, addend in (
            ("centered", normalizing, self.offset),
            ("shifted", scaling, self.shift),
        ):
            registers = NamedStages(FreeStages(m), name)
            value = float_sum(registers, product.o.as_value(), addend.as_value())
            sums.append(registers.register(FLOAT_SUM_STAGES, "sum", value))
        m.d.comb += [
            normalizing.x.eq(self.x),
            normalizing.y.eq(self.factor),
            scaling.x.eq(sums[0]),
            scaling.y.eq(self.scale),
            self.o.eq(sums[1]),
        ]
        return m
