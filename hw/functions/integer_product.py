"""Products of integers as floats, a bit per cycle."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.block.binary32 import BINARY32_BIAS, BINARY32_INFINITE, BINARY32_SIGNIFICAND, binary32_layout

__all__ = ["IntegerProduct", "factors_layout"]

_FIELD = 10
"""Bits of a signed exponent field before it is told whether it is too large or too small."""


def factors_layout(*, multiplier, multiplicand) -> data.StructLayout:
    """Two integers of so many bits, the first one signed, and the power of two that their product is in."""
    return data.StructLayout(
        {"multiplier": signed(multiplier), "multiplicand": multiplicand, "power": signed(_FIELD - 1)}
    )


class IntegerProduct(wiring.Component):
    """``multiplier * multiplicand * 2**power`` in binary32, cut to 24 bits toward zero.

    The multiplier's size is added up from the lowest bit on, until no bit is left: the product's highest bit
    is then in one of two places. Results below the normal range are zeros with their sign, and large ones are
    infinities.

    Latency a cycle more than the multiplier's size has bits, at least 2; one product at a time. Streams with
    valid and ready; the factors are taken with the result.

    Parameters
    ----------
    multiplier:
        Bits of the multiplier, with its sign.
    multiplicand:
        Bits of the multiplicand, which is a quarter of their range to half of it, inclusive.

    Members
    -------
    i: In(stream of ``factors_layout``); o: Out(stream of ``binary32_layout``)
    """

    def __init__(self, *, multiplier, multiplicand):
        self.multiplier = multiplier
        self.multiplicand = multiplicand
        layout = factors_layout(multiplier=multiplier, multiplicand=multiplicand)
        super().__init__({"i": In(stream.Signature(layout)), "o": Out(stream.Signature(binary32_layout()))})

    def elaborate(self, platform):
        m = Module()
        x, y = self.i.p, self.o.p
        sign = x.multiplier[-1]
        # Bits of the multiplier that are left, inverted if it is negative; then one is added to them.
        rest = Signal(self.multiplier, reset_less=True)
        one = Signal(reset_less=True)
        # What of the sum is complete goes on below it, as far as the result needs it.
        high = Signal(self.multiplicand - 1, reset_less=True)
        low = Signal(BINARY32_SIGNIFICAND + 1 - len(high), reset_less=True)
        field = Signal(signed(_FIELD), reset_less=True)
        full = Signal()
        done = Signal()
        total = Signal(self.multiplicand)
        m.d.comb += [
            total.eq((high + Mux(rest[0] ^ one, x.multiplicand, 0))[: len(total)]),
            self.o.valid.eq(done),
            self.i.ready.eq(self.o.valid & self.o.ready),
        ]
        with m.If(~full):
            m.d.sync += [
                full.eq(self.i.valid),
                rest.eq(x.multiplier ^ sign.replicate(self.multiplier)),
                one.eq(sign),
                high.eq(0),
                low.eq(0),
                # That of a product of fewer bits than the multiplicand by one and a bit.
                field.eq((x.power + BINARY32_BIAS + self.multiplicand - 3)[:_FIELD]),
            ]
        with m.Elif(~done):
            one_left = one & rest[0]
            m.d.sync += [
                done.eq(~(rest[1:].any() | one_left)),
                rest.eq(rest[1:]),
                one.eq(one_left),
                Cat(low, high).eq(Cat(low[1:], total)),
                field.eq((field + 1)[:_FIELD]),
            ]
        with m.Elif(self.o.ready):
            m.d.sync += [full.eq(0), done.eq(0)]

        # A sum is at least the multiplicand: one of its two highest bits is set.
        above = high[-1]
        sizes = Cat(low, high)
        biased = Signal(signed(_FIELD))
        m.d.comb += [
            biased.eq((field + above)[:_FIELD]),
            y.sign.eq(sign),
            y.exponent.eq(biased[: len(y.exponent)]),
            y.fraction.eq(Mux(above, sizes[1:-1], sizes[:-2])),
        ]
        with m.If(~high[-2:].any()):
            m.d.comb += y.as_value().eq(0)
        with m.Elif(biased <= 0):
            m.d.comb += y.as_value()[:-1].eq(0)
        with m.Elif(biased >= BINARY32_INFINITE):
            m.d.comb += y.as_value()[:-1].eq(BINARY32_INFINITE << len(y.fraction))
        return m
