"""One over a row's deviation, and minus its mean in deviations, from its variance."""

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.functions.norm import LONGEST_ROW, STATISTIC_BITS, VARIANCE_BITS
from hw.block.binary32 import (
    BINARY32_BIAS,
    BINARY32_BITS,
    BINARY32_FRACTION,
    BINARY32_INFINITE,
    BINARY32_NAN,
    binary32_layout,
)
from hw.functions.integer_product import IntegerProduct
from hw.functions.inverse import Inverse
from hw.functions.square_root import SquareRoot
from hw.functions.variance import ROOT_BITS, TOTAL_BITS, variance_layout

__all__ = ["RowFactors", "row_factors_layout"]


def row_factors_layout() -> data.StructLayout:
    """What a row's elements are multiplied by, and what is added then."""
    return data.StructLayout({"factor": binary32_layout(), "offset": binary32_layout()})


class RowFactors(wiring.Component):
    """``width / root`` and ``minus_total / root`` of a row's variance, as ``golden.functions.norm``.

    A row with an infinity or a NaN gets the factor 0x7FC00000, which makes NaN of all its elements.

    Latency at most 97 cycles, one row at a time; streams with valid and ready.

    Members
    -------
    i: In(stream of ``variance_layout()``); o: Out(stream of ``row_factors_layout()``)
    width: In
        Elements of a row, as in ``Variance``.
    """

    def __init__(self):
        super().__init__(
            {
                "i": In(stream.Signature(variance_layout())),
                "o": Out(stream.Signature(row_factors_layout())),
                "width": In(range(LONGEST_ROW + 1)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        i, o = self.i, self.o
        m.submodules.square_root = root = SquareRoot(width=ROOT_BITS)
        m.submodules.inverse = inverse = Inverse(width=ROOT_BITS, steps=ROOT_BITS + 1)
        m.submodules.product = product = IntegerProduct(multiplier=TOTAL_BITS, multiplicand=ROOT_BITS + 1)
        wiring.connect(m, root.o, inverse.i)
        power, total, largest = (
            Signal.like(part, name=name, reset_less=True)
            for name, part in (
                ("power", i.p.power),
                ("minus_total", i.p.minus_total),
                ("largest", i.p.largest),
            )
        )
        factor = Signal(BINARY32_BITS, reset_less=True)
        # Powers of two of the deviation's unit, and of the total's relative to it.
        unit = STATISTIC_BITS + BINARY32_BIAS - VARIANCE_BITS
        total_unit = STATISTIC_BITS - BINARY32_FRACTION - VARIANCE_BITS
        # They are complete long before a product begins.
        factor_power = Signal.like(product.i.p.power, name="factor_power", reset_less=True)
        offset_power = Signal.like(product.i.p.power, name="offset_power", reset_less=True)
        m.d.sync += [
            factor_power.eq((unit - largest - power)[: len(factor_power)]),
            offset_power.eq(total_unit - power),
        ]
        m.d.comb += [
            root.i.payload.eq(i.p.number),
            product.i.p.multiplicand.eq(inverse.o.payload),
            o.p.factor.eq(factor),
            o.p.offset.eq(product.o.p),
        ]
        with m.FSM():
            with m.State("idle"):
                m.d.comb += [root.i.valid.eq(i.valid), i.ready.eq(root.i.ready)]
                m.d.sync += [
                    power.eq(i.p.power),
                    total.eq(i.p.minus_total),
                    largest.eq(i.p.largest),
                ]
                with m.If(i.valid & root.i.ready):
                    m.next = "factor"
            with m.State("factor"):
                m.d.comb += [
                    product.i.valid.eq(inverse.o.valid),
                    product.i.p.multiplier.eq(self.width),
                    product.i.p.power.eq(factor_power),
                    product.o.ready.eq(1),
                ]
                nan = largest == BINARY32_INFINITE
                m.d.sync += factor.eq(Mux(nan, Const(BINARY32_NAN, BINARY32_BITS), product.o.p.as_value()))
                with m.If(product.o.valid):
                    m.next = "offset"
            with m.State("offset"):
                m.d.comb += [
                    product.i.valid.eq(1),
                    product.i.p.multiplier.eq(total),
                    product.i.p.power.eq(offset_power),
                    o.valid.eq(product.o.valid),
                    product.o.ready.eq(o.ready),
                    inverse.o.ready.eq(product.i.ready),
                ]
                with m.If(product.i.ready):
                    m.next = "idle"
        return m
