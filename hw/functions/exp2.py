"""Powers of two."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.functions.exp2 import (
    EXP2_FRACTION,
    EXP2_INTEGER,
    EXP2_OFFSET,
    EXP2_OUT,
    EXP2_SHIFT,
    EXP2_SLOPE,
    exp2_table,
)
from hw.block.binary32 import (
    BINARY32_BIAS,
    BINARY32_FRACTION,
    BINARY32_INFINITE,
    BINARY32_NAN,
    binary32_layout,
)
from hw.functions.fixed_point import MAGNITUDE_LATENCY, magnitude
from hw.target.delay import delay

__all__ = ["Exp2"]


class Exp2(wiring.Component):
    """2**x, as ``golden.functions.exp2``: 32 segments, a product of 8 x 8 bits.

    Latency ``latency`` cycles, throughput one per cycle; no flow control.

    Members
    -------
    i: In(``binary32_layout``); o: Out(``binary32_layout``)
    """

    latency = MAGNITUDE_LATENCY + 3

    def __init__(self):
        super().__init__({"i": In(binary32_layout()), "o": Out(binary32_layout())})

    def elaborate(self, platform):
        m = Module()
        x = self.i
        size = magnitude(m, x, integer=EXP2_INTEGER, bits=EXP2_INTEGER + EXP2_FRACTION)
        negative = delay(m, "negative", x.sign, MAGNITUDE_LATENCY)
        is_nan = (x.exponent == BINARY32_INFINITE) & (x.fraction != 0)

        # Negative ones are inverted: a step lower.
        argument = Signal(EXP2_INTEGER + EXP2_FRACTION)
        m.d.comb += argument.eq(size ^ negative.replicate(len(argument)))
        offset, segment, integer = (
            argument[:EXP2_OFFSET],
            argument[EXP2_OFFSET:EXP2_FRACTION],
            argument[EXP2_FRACTION:],
        )
        value, slope = Signal(EXP2_OUT, reset_less=True), Signal(EXP2_SLOPE, reset_less=True)
        values, slopes = exp2_table()
        m.d.sync += [
            value.eq(Array(Const(v, EXP2_OUT) for v in values)[segment]),
            slope.eq(Array(Const(s, EXP2_SLOPE) for s in slopes)[segment]),
        ]
        product = Signal(EXP2_SLOPE + EXP2_OFFSET, reset_less=True)
        m.d.sync += product.eq(slope * delay(m, "offset", offset, 1))
        value = delay(m, "value", value, 1)

        # The integer part, of two's complement with its sign, and the bias.
        biased = Signal(EXP2_INTEGER + 1, reset_less=True)
        m.d.sync += biased.eq((Cat(integer, negative) + BINARY32_BIAS)[: len(biased)])
        exponent = delay(m, "biased", biased, 1)
        nan = delay(m, "nan", is_nan, self.latency - 1)
        fraction = Signal(EXP2_OUT)
        m.d.comb += fraction.eq((value + (product >> EXP2_SHIFT - 1))[:EXP2_OUT])
        # Below the normal range the biased exponent is 0, or has wrapped around to 255.
        below = delay(m, "below", negative, 2) & ((exponent == 0) | (exponent == BINARY32_INFINITE))
        number = Cat(Const(0, BINARY32_FRACTION - EXP2_OUT), fraction, exponent, Const(0, 1))
        m.d.sync += self.o.as_value().eq(Mux(nan, BINARY32_NAN, Mux(below, 0, number)))
        return m
