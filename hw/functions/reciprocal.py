"""One over a float."""

from amaranth.hdl import Cat, Const, Module, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.functions.division import RECIPROCAL_BITS
from hw.block.binary32 import (
    BINARY32_BIAS,
    BINARY32_FRACTION,
    BINARY32_INFINITE,
    BINARY32_NAN,
    BINARY32_SIGNIFICAND,
    binary32_layout,
)
from hw.functions.inverse import Inverse

__all__ = ["Reciprocal"]


class Reciprocal(wiring.Component):
    """``1 / i`` with 17 bits, cut, as ``golden.functions.division.reciprocal``: a bit per cycle.

    Latency ``latency`` cycles, one number at a time; streams with valid and ready.

    Members
    -------
    i: In(stream of ``binary32_layout``); o: Out(stream of ``binary32_layout``)
    """

    latency = RECIPROCAL_BITS + 2

    def __init__(self):
        float_ = stream.Signature(binary32_layout())
        super().__init__({"i": In(float_), "o": Out(float_)})

    def elaborate(self, platform):
        m = Module()
        x, y = self.i.p, self.o.p
        m.submodules.inverse = inverse = Inverse(width=BINARY32_SIGNIFICAND, steps=RECIPROCAL_BITS + 1)
        # One over a power of two is one; of another number it is below, with an exponent of one less.
        quotient = inverse.o.p
        power = quotient[-1]
        exponent = Signal(signed(len(x.exponent) + 1), reset_less=True)
        sign, nan, infinite, zero = (
            Signal(name=name, reset_less=True) for name in ("sign", "nan", "infinite", "zero")
        )
        field = Signal.like(exponent)
        m.d.comb += [
            self.i.ready.eq(inverse.i.ready),
            inverse.i.valid.eq(self.i.valid),
            inverse.i.payload.eq(Cat(x.fraction, Const(1, 1))),
            self.o.valid.eq(inverse.o.valid),
            inverse.o.ready.eq(self.o.ready),
            field.eq((exponent + power)[: len(field)]),
            y.sign.eq(sign),
            y.exponent.eq(field[: len(y.exponent)]),
            y.fraction.eq(Cat(Const(0, BINARY32_FRACTION + 1 - RECIPROCAL_BITS), quotient[:-2])),
        ]
        with m.If(inverse.i.ready):
            m.d.sync += [
                sign.eq(x.sign),
                exponent.eq((2 * BINARY32_BIAS - 1 - x.exponent)[: len(exponent)]),
                nan.eq((x.exponent == BINARY32_INFINITE) & x.fraction.any()),
                infinite.eq(x.exponent == 0),
                zero.eq(x.exponent == BINARY32_INFINITE),
            ]
        with m.If(nan):
            m.d.comb += y.as_value().eq(BINARY32_NAN)
        with m.Elif(infinite):
            m.d.comb += [y.exponent.eq(BINARY32_INFINITE), y.fraction.eq(0)]
        with m.Elif(zero | (field <= 0)):
            m.d.comb += [y.exponent.eq(0), y.fraction.eq(0)]
        return m
