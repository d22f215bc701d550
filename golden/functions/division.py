"""Softmax's division: the elements of a row by the row's sum, as products with one over it."""

import numpy as np
from numpy.typing import NDArray

from golden.functions.fixed_point import Floats, by_pieces
from golden.functions.product import SIGNIFICAND_BITS, multiply17
from golden.rounding import canonical_nan, flush

__all__ = ["RECIPROCAL_BITS", "divide_by_column", "is_divisor", "reciprocal"]

RECIPROCAL_BITS = SIGNIFICAND_BITS
"""Bits of the significand of one over a number, with the leading one: all that `multiply17` takes."""

_KEPT = np.int64(-1 << 53 - RECIPROCAL_BITS)
"""Keeps these bits of a binary64's significand."""

_SMALLEST_NORMAL = np.float32(2.0**-126)


def reciprocal(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """``1 / x``, cut toward zero to `RECIPROCAL_BITS` bits, of float32 of any shape.

    It is ``floor(2**40 / significand)`` times a power of two, where ``significand`` has the 24 bits of ``x``.

    Zeros and subnormals give infinity, infinities zero, each with the sign of ``x``; NaN gives 0x7FC00000.
    Results below 2**-126, of ``|x|`` above 2**126, are zeros with the sign of ``x``.
    """
    return by_pieces(_reciprocal, np.asarray(x, np.float32))


def divide_by_column(x: NDArray[np.float32], sums: NDArray[np.float32]) -> NDArray[np.float32]:
    """``x / sums``, as ``multiply17(x, reciprocal(sums))``.

    Parameters
    ----------
    x:
        float32 ``[..., width]``.
    sums:
        float32 ``[..., 1]``, a divisor for each row, of any sign; or what else NumPy broadcasts with ``x``.

    Returns
    -------
    NDArray[np.float32]
        Of the shape to which ``x`` and ``sums`` broadcast. At most 2**-15 too small, relative to the exact
        quotient, and 2**-24 too large, where that and ``1 / sums`` are normal numbers.

        A number by zero or a subnormal is infinity with the quotient's sign, and so is infinity by a number;
        a number by infinity, or by more than 2**126, is zero with that sign. Zero by zero, infinity by one of
        the latter, and all with a NaN are 0x7FC00000.
    """
    return multiply17(x, reciprocal(sums))


def is_divisor(x: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether one over each element is a positive normal number: not of negative numbers and NaN, and not of
    0, subnormals, and what is above 2**126.
    """
    inverse = reciprocal(x)
    return np.asarray((inverse >= _SMALLEST_NORMAL) & (inverse < np.inf))


def _reciprocal(x: Floats) -> Floats:
    """The quotient is at least 2**-41 of itself from any with fewer bits, so that binary64 cuts the same."""
    flushed = flush(x)
    with np.errstate(divide="ignore"):
        quotient = 1 / flushed.astype(np.float64)
    quotient.view(np.int64)[:] &= _KEPT
    result = quotient.astype(np.float32)
    result[np.abs(result) < _SMALLEST_NORMAL] *= 0
    result[np.isnan(x)] = np.nan
    return canonical_nan(result)
