"""Products of single floats: gates, softmax's scale, one over a sum."""

import numpy as np
from numpy.typing import NDArray

from golden.functions.fixed_point import Floats, by_pieces
from golden.rounding import canonical_nan, round_to_binary32

__all__ = ["SIGNIFICAND_BITS", "cut_significand", "multiply17"]

SIGNIFICAND_BITS = 17
"""Bits of a factor's significand with the leading one: what a DSP block's multiplier takes without a sign."""

_FRACTION_BITS = 23
_KEPT = np.int32(-1 << _FRACTION_BITS + 1 - SIGNIFICAND_BITS)
_EXPONENT = np.int32(0xFF << _FRACTION_BITS)
_SIGN = np.int32(-(1 << 31))
_SMALLEST_NORMAL = np.float32(2.0**-126)


def cut_significand(x: Floats) -> Floats:
    """``x`` with `SIGNIFICAND_BITS` bits of its significand, cut toward zero; subnormals are zeros.

    What a NaN has in the bits that are cut is lost: it may become an infinity.
    """
    bits = x.view(np.int32) & _KEPT
    bits[(bits & _EXPONENT) == 0] &= _SIGN
    return bits.view(np.float32)


def multiply17(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """``x * y`` of significands cut to 17 bits, the exact product rounded once to binary32, ties to even.

    Parameters
    ----------
    x, y:
        float32; shapes that NumPy broadcasts.

    Returns
    -------
    NDArray[np.float32]
        Results below 2**-126 are zeros with their sign, after they were rounded to 24 bits; 0 times infinity
        gives 0x7FC00000.
    """
    x, y = np.broadcast_arrays(np.asarray(x, np.float32), np.asarray(y, np.float32))
    return by_pieces(_multiply, x, y)


def _multiply(x: Floats, y: Floats) -> Floats:
    nan = np.isnan(x) | np.isnan(y)
    x, y = cut_significand(x), cut_significand(y)
    product = x * y  # of 34 bits at most, rounded once
    small = (np.abs(product) <= _SMALLEST_NORMAL) & (x != 0) & (y != 0)
    if small.any():
        # Binary32 rounds to fewer bits there.
        product[small] = round_to_binary32(x[small].astype(np.float64) * y[small])
    product[nan] = np.nan
    return canonical_nan(product)
