"""Magnitudes of binary32 as integers."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal

from hw.block.binary32 import BINARY32_BIAS, BINARY32_SIGNIFICAND

__all__ = ["MAGNITUDE_LATENCY", "magnitude"]

MAGNITUDE_LATENCY = 2
"""Cycles from a binary32 to its `magnitude`."""

_COARSE = 2
"""Low bits of the distance, which the second cycle shifts by."""


def magnitude(m: Module, x, *, integer, bits):
    """``|x|`` with ``bits - integer`` fraction bits, the largest number where it is more.

    The rest is cut; it is there `MAGNITUDE_LATENCY` cycles later.

    Parameters
    ----------
    m:
        Module that gets the registers.
    x:
        ``binary32_layout``; of an infinity and a NaN all bits are set.
    integer, bits:
        Bits before the point, an int or a Value that holds still; all bits, `BINARY32_SIGNIFICAND` at most.
    """
    top = BINARY32_BIAS + integer - 1  # exponent field of the largest power of two that fits
    significand = Cat(x.fraction, Const(1, 1))[BINARY32_SIGNIFICAND - bits :]
    distance = Signal(len(x.exponent))
    shifted, rest = Signal(bits, reset_less=True), Signal(_COARSE, reset_less=True)
    large, small = Signal(reset_less=True), Signal(reset_less=True)
    found = Signal(bits, name="magnitude", reset_less=True)
    m.d.comb += distance.eq((top - x.exponent)[: len(distance)])
    far = Cat(Const(0, _COARSE), distance[_COARSE : (bits - 1).bit_length()])
    m.d.sync += [
        shifted.eq(significand >> far),
        rest.eq(distance[:_COARSE]),
        large.eq(x.exponent > top),
        small.eq(x.exponent < top - bits + 1),
        found.eq(Mux(large, (1 << bits) - 1, Mux(small, 0, shifted >> rest))),
    ]
    return found
