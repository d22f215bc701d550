"""Products of single floats."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.functions.product import SIGNIFICAND_BITS
from hw.block.binary32 import (
    BINARY32_FRACTION,
    BINARY32_INFINITE,
    BINARY32_NAN,
    BINARY32_SIGNIFICAND,
    binary32_layout,
)
from hw.target.delay import delay

__all__ = ["Multiply17"]

_BIAS = 127
_PRODUCT = 2 * SIGNIFICAND_BITS


class Multiply17(wiring.Component):
    """``x * y`` of significands cut to 17 bits, as ``golden.functions.multiply17``.

    Latency ``latency`` cycles, throughput one per cycle; no flow control.

    Members
    -------
    x, y: In(``binary32_layout``); o: Out(``binary32_layout``)
    """

    latency = 4

    def __init__(self):
        float_ = binary32_layout()
        super().__init__({"x": In(float_), "y": In(float_), "o": Out(float_)})

    def elaborate(self, platform):
        m = Module()
        x, y = self.x, self.y
        factors = []
        for name, factor in (("x", x), ("y", y)):
            cut = Signal(SIGNIFICAND_BITS, name=f"{name}_cut", reset_less=True)
            m.d.sync += cut.eq(Cat(factor.fraction, Const(1, 1))[BINARY32_SIGNIFICAND - SIGNIFICAND_BITS :])
            factors.append(cut)
        product = Signal(_PRODUCT, reset_less=True)
        m.d.sync += product.eq(factors[0] * factors[1])

        # What is no product of two normal numbers.
        zeros, infinite = (
            [factor.exponent == limit for factor in (x, y)] for limit in (0, BINARY32_INFINITE)
        )
        nans = [(inf & (factor.fraction != 0)) for inf, factor in zip(infinite, (x, y), strict=True)]
        zero, infinity = Cat(zeros).any(), Cat(infinite).any()
        late = self.latency - 1
        nan = delay(m, "nan", Cat(nans).any() | (zero & infinity), late)
        zero, infinity = delay(m, "zero", zero, late), delay(m, "infinity", infinity, late)
        sign = delay(m, "sign", x.sign ^ y.sign, late)

        # The exponent's field, before a sum of exponents that is too large or too small is told.
        exponent = Signal(signed(len(x.exponent) + 2), reset_less=True)
        m.d.sync += exponent.eq(delay(m, "sum", x.exponent + y.exponent, 1) - _BIAS)

        # Rounded to even at 24 bits: the product has 33 or 34.
        above = product[-1]
        drop = _PRODUCT - BINARY32_SIGNIFICAND
        kept = Signal(BINARY32_FRACTION, reset_less=True)
        rounds_up, field = Signal(reset_less=True), Signal.like(exponent)
        guard = Mux(above, product[drop - 1], product[drop - 2])
        sticky = product[: drop - 2].any() | (above & product[drop - 2])
        odd = Mux(above, product[drop], product[drop - 1])
        m.d.sync += [
            kept.eq(Mux(above, product[drop:-1], product[drop - 1 : -2])),
            rounds_up.eq(guard & (sticky | odd)),
            field.eq(exponent + above),
        ]
        whole = Signal(signed(BINARY32_FRACTION + len(field)))
        m.d.comb += whole.eq(Cat(kept, field).as_signed() + rounds_up)
        rounded = whole[BINARY32_FRACTION:].as_signed()
        below, beyond = rounded <= 0, rounded >= BINARY32_INFINITE
        m.d.sync += self.o.as_value().eq(Cat(whole[:BINARY32_FRACTION], rounded[: len(x.exponent)], sign))
        with m.If(nan):
            m.d.sync += self.o.as_value().eq(BINARY32_NAN)
        with m.Elif(zero | (below & ~infinity)):
            m.d.sync += self.o.as_value().eq(Cat(Const(0, BINARY32_FRACTION + len(x.exponent)), sign))
        with m.Elif(infinity | beyond):
            m.d.sync += [
                self.o.fraction.eq(0),
                self.o.exponent.eq(BINARY32_INFINITE),
                self.o.sign.eq(sign),
            ]
        return m
