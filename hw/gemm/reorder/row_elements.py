"""Elements of rows, out of what is read of them."""

from amaranth.hdl import Cat, Const, Mux
from amaranth.lib import data

from golden.formats import BLOCK_SIZE
from hw.block.binary32 import BINARY32_BITS, BINARY32_FRACTION

__all__ = ["padded", "widened"]

_HALF = BINARY32_BITS // 2


def widened(fragment, narrow, place):
    """One of 16 binary32 from the bits of as many, or if ``narrow`` of as many bfloat16."""
    halves = data.View(data.ArrayLayout(_HALF, BLOCK_SIZE), fragment[: _HALF * BLOCK_SIZE])
    words = data.View(data.ArrayLayout(BINARY32_BITS, BLOCK_SIZE), fragment)
    return Mux(narrow, Cat(Const(0, _HALF), halves[place]), words[place])


def padded(values, in_row, exponential):
    """``values`` that are ``in_row``; the others are zeros, or -infinity if ``exponential``.

    So what is behind a row's end is none of its largest exponents, nor in its sums, nor its maximum.
    """
    infinite = Cat(Const(0, BINARY32_FRACTION), Const(-1, BINARY32_BITS - BINARY32_FRACTION))
    return [
        (value & inside.replicate(BINARY32_BITS))
        | (infinite & (exponential & ~inside).replicate(BINARY32_BITS))
        for value, inside in zip(values, in_row, strict=True)
    ]
