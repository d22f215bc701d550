"""Powers of two: the exponential of softmax, whose arguments come in base 2."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from golden.formats import EXPONENT_BIAS
from golden.functions.fixed_point import Floats, by_pieces, magnitude
from golden.rounding import QUIET_NAN

__all__ = [
    "EXP2_FRACTION",
    "EXP2_INTEGER",
    "EXP2_OFFSET",
    "EXP2_OUT",
    "EXP2_SEGMENT",
    "EXP2_SHIFT",
    "EXP2_SLOPE",
    "exp2",
    "exp2_in_range",
    "exp2_table",
]

EXP2_SEGMENT = 5
"""Bits of the argument's fraction that choose a segment of the table."""

EXP2_OFFSET = 8
"""Bits behind these: where in the segment."""

EXP2_FRACTION = EXP2_SEGMENT + EXP2_OFFSET
"""Fraction bits of the argument."""

EXP2_INTEGER = 7
"""Bits of the argument's integer part, without its sign."""

EXP2_OUT = 14
"""Bits of the result's fraction."""

EXP2_SLOPE = 8
"""Bits of a segment's slope."""

EXP2_SHIFT = EXP2_SLOPE + EXP2_FRACTION - EXP2_OUT
"""Bits of slope times offset that are cut, but one: a slope of 1 is half of its range."""

_MOST = (1 << EXP2_INTEGER + EXP2_FRACTION) - 1
_FRACTION_BITS = 23


@cache
def exp2_table() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Values and slopes of the segments: ``2**f - 1`` is about ``value + (slope * t >> EXP2_SHIFT - 1)``.

    In units of ``2**-EXP2_OUT``, with ``t`` the offset. Slopes are those of the secants. A value makes the
    largest errors to both sides equal, at the middle of each step of the argument, but never lets a fraction
    carry into the exponent.
    """
    values, slopes = [], []
    steps = np.arange(1 << EXP2_OFFSET)
    for segment in range(1 << EXP2_SEGMENT):
        begin, end = segment / 2**EXP2_SEGMENT, (segment + 1) / 2**EXP2_SEGMENT
        slope = round((2.0**end - 2.0**begin) * 2.0 ** (EXP2_SEGMENT + EXP2_SLOPE - 1))
        line = slope * steps >> EXP2_SHIFT - 1
        exact = (2.0 ** (begin + (steps + 0.5) * 2.0**-EXP2_FRACTION) - 1) * 2**EXP2_OUT
        error = exact - line
        value = round((error.max() + error.min()) / 2)
        values.append(max(0, min(value, (1 << EXP2_OUT) - 1 - int(line.max()))))
        slopes.append(slope)
    return tuple(values), tuple(slopes)


@cache
def _fractions() -> NDArray[np.int32]:
    """The bits of 2**f for each fraction of the argument, below the exponent's integer part."""
    values, slopes = (np.array(column)[:, None] for column in exp2_table())
    steps = np.arange(1 << EXP2_OFFSET)[None]
    fractions = values + (slopes * steps >> EXP2_SHIFT - 1)
    bits = (EXPONENT_BIAS << _FRACTION_BITS) | fractions.reshape(-1) << _FRACTION_BITS - EXP2_OUT
    return np.asarray(bits, np.int32)


def exp2(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """2**x in binary32, of float32 of any shape.

    ``|x|`` is cut to `EXP2_FRACTION` fraction bits and saturates at `EXP2_INTEGER` bits before them; a
    negative ``x`` is its inverse, bit by bit: a step lower. The integer part goes to the exponent, the
    fraction through 32 segments. Results below 2**-126 are +0. From 128 on arguments count as the largest
    one below, +inf, too; -inf gives +0, NaN 0x7FC00000.
    """
    return by_pieces(_exp2, np.asarray(x, np.float32))


def exp2_in_range(x: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether `exp2` of each element is below the largest result it has, which also stands for all beyond it.

    True for ``x`` below 128 - 2**-13, -infinity too, where 0 is right; False for +infinity and NaN.
    """
    return np.asarray(np.asarray(x, np.float32) < np.float32(2**EXP2_INTEGER - 2.0**-EXP2_FRACTION))


def _exp2(x: Floats) -> Floats:
    argument = magnitude(x, fraction=EXP2_FRACTION, most=_MOST)
    argument ^= x.view(np.int32) >> np.int32(31)
    bits = _fractions()[argument & np.int32((1 << EXP2_FRACTION) - 1)]
    argument >>= np.int32(EXP2_FRACTION)
    bits += argument << np.int32(_FRACTION_BITS)
    bits[argument < 1 - EXPONENT_BIAS] = 0
    bits[np.isnan(x)] = QUIET_NAN
    return np.asarray(bits.view(np.float32))
