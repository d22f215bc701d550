"""Layer norm and RMS norm with modulation, by row statistics in integers: no order of summation matters."""

import numpy as np
from numpy.typing import NDArray

from golden.formats import EXPONENT_BIAS
from golden.functions.fixed_point import Floats
from golden.functions.product import multiply17
from golden.rounding import add_binary32, canonical_nan, flush, round_to_binary32

__all__ = [
    "LONGEST_ROW",
    "MEAN_BITS",
    "MOST_EPSILON",
    "STATISTIC_BITS",
    "VARIANCE_BITS",
    "modulate",
    "normalize",
    "row_statistics",
    "scaled_epsilon",
    "standardize",
]

LONGEST_ROW = 16384
"""Most elements of a row: its sums fit 64 bits."""

STATISTIC_BITS = 16
"""Fraction bits of elements whose squares are summed, relative to the row's largest power of two."""

MEAN_BITS = 8
"""Bits below the significand of the largest element that count in the mean."""

VARIANCE_BITS = 35
"""Variances are normalized to so many bits or one more: their roots have 18."""

MOST_EPSILON = 61
"""The power of two of what is added at most, in the unit of the variance times the width squared."""

_FRACTION_BITS = 23

Integers = NDArray[np.int64]


def scaled_epsilon(eps: float, width: int) -> np.float32:
    """``eps * width**2`` in binary32: what is added to ``width**2`` times the variance of a row.

    Raises
    ------
    ValueError
        ``eps`` is negative or not finite.
    """
    if not 0 <= eps < np.inf:
        raise ValueError(f"eps must be at least 0 and finite, not {eps!r}")
    with np.errstate(over="ignore"):
        return np.float32(eps * width**2)


def row_statistics(x: Floats, *, epsilon: float | np.float32, mean: bool = True) -> tuple[Floats, Floats]:
    """One over the standard deviation of each row, and minus the mean over the standard deviation.

    Elements are aligned to the largest exponent of their row, cut downwards: with `STATISTIC_BITS` fraction
    bits for squares, 15 more for the mean.

    Parameters
    ----------
    x:
        float32 ``[..., width]``, finite, ``width`` at most `LONGEST_ROW`; subnormals are zeros.
    epsilon:
        What is added to the variance times ``width**2``, at least 0: `scaled_epsilon`. A binary32, 0 if
        subnormal.
    mean:
        False for RMS norm: the mean counts as 0.

    Returns
    -------
    tuple[Floats, Floats]
        float32 ``[..., 1]`` each, cut to 24 bits.

    Raises
    ------
    ValueError
        ``width`` is 0 or too large, ``epsilon`` negative or NaN.
    """
    x = np.asarray(x, np.float32)
    width = x.shape[-1]
    if not 1 <= width <= LONGEST_ROW:
        raise ValueError(f"rows must have 1 to {LONGEST_ROW} elements, not {width}")
    if not epsilon >= 0:
        raise ValueError(f"epsilon must be at least 0, not {epsilon!r}")
    fine, largest = _align(x)
    coarse = fine >> _FRACTION_BITS + MEAN_BITS - STATISTIC_BITS
    first = coarse.sum(-1, keepdims=True) * mean
    second = (coarse * coarse).sum(-1, keepdims=True)
    scale = STATISTIC_BITS + EXPONENT_BIAS - largest
    added = np.float64(flush(np.asarray(epsilon, np.float32))) * np.exp2(2.0 * scale)
    variance = (
        width * second - first * first + np.floor(np.minimum(added, 2.0**MOST_EPSILON)).astype(np.int64)
    )
    variance = np.maximum(variance, 1)

    # The variance is n * 4**k, one over its root about inverse / 2**VARIANCE_BITS / 2**k.
    k = (_bit_length(variance) - VARIANCE_BITS) >> 1
    n = np.where(k >= 0, variance >> np.maximum(2 * k, 0), variance << np.maximum(-2 * k, 0))
    inverse = (1 << VARIANCE_BITS) // _root(n)
    minus_total = -fine.sum(-1, keepdims=True) * mean >> MEAN_BITS
    factor = _cut(width * inverse, scale - k - VARIANCE_BITS)
    offset = _cut(minus_total * inverse, STATISTIC_BITS - _FRACTION_BITS - k - VARIANCE_BITS)
    return factor, offset


def standardize(
    x: NDArray[np.float32], *, epsilon: float | np.float32, mean: bool = True
) -> NDArray[np.float32]:
    """``(x - mean) / sqrt(variance + eps)`` along the last axis: what `modulate` takes.

    A product by `multiply17` and a sum by `golden.add_binary32`; a row with an infinity or NaN is all NaN.

    Parameters
    ----------
    x, epsilon, mean:
        As in `row_statistics`, but ``x`` of any values; ``mean=False`` makes RMS norm.

    Returns
    -------
    NDArray[np.float32]
        Of the shape of ``x``.

    Raises
    ------
    ValueError
        As `row_statistics`.
    """
    x = np.asarray(x, np.float32)
    finite = np.isfinite(x).all(-1, keepdims=True)
    factor, offset = row_statistics(np.where(finite, x, np.float32(0)), epsilon=epsilon, mean=mean)
    y = add_binary32(multiply17(x, factor), _whole(offset, x))
    return canonical_nan(np.where(finite, y, np.float32(np.nan)))


def modulate(
    y: NDArray[np.float32],
    *,
    scale: NDArray[np.float32] | float = 1.0,
    shift: NDArray[np.float32] | float = 0.0,
) -> NDArray[np.float32]:
    """``y * scale + shift``, by `multiply17` and `golden.add_binary32`.

    Parameters
    ----------
    y:
        float32 of any shape. Its products are of 17 bits also where ``scale`` is left out.
    scale, shift:
        float32 that NumPy broadcasts to ``y``: modulation, 1 added to its scale already.

    Returns
    -------
    NDArray[np.float32]
        Of the shape of ``y``.
    """
    y = np.asarray(y, np.float32)
    return canonical_nan(add_binary32(multiply17(y, _whole(scale, y)), flush(_whole(shift, y))))


def normalize(
    x: NDArray[np.float32],
    *,
    eps: float,
    scale: NDArray[np.float32] | float = 1.0,
    shift: NDArray[np.float32] | float = 0.0,
    mean: bool = True,
) -> NDArray[np.float32]:
    """``(x - mean) / sqrt(variance + eps) * scale + shift`` along the last axis.

    `standardize`, then `modulate`; a row with an infinity or NaN is all NaN.

    Parameters
    ----------
    x, mean:
        As in `standardize`; ``mean=False`` makes RMS norm.
    eps:
        What is added to the variance, at least 0, by `scaled_epsilon`.
    scale, shift:
        As in `modulate`.

    Returns
    -------
    NDArray[np.float32]
        Of the shape of ``x``.

    Raises
    ------
    ValueError
        As `row_statistics` and `scaled_epsilon`.
    """
    x = np.asarray(x, np.float32)
    y = standardize(x, epsilon=scaled_epsilon(eps, x.shape[-1]), mean=mean)
    return modulate(y, scale=scale, shift=shift)


def _whole(value: NDArray[np.float32] | float, like: Floats) -> Floats:
    return np.array(np.broadcast_to(np.asarray(value, np.float32), like.shape))


def _align(x: Floats) -> tuple[Integers, Integers]:
    """Elements in units of ``2**-31`` of the row's largest power of two, and that power's exponent field."""
    bits = np.ascontiguousarray(x).view(np.int32).reshape(x.shape).astype(np.int64)
    exponent = bits >> _FRACTION_BITS & 0xFF
    largest = exponent.max(-1, keepdims=True)
    significand = np.where(exponent == 0, 0, bits & (1 << _FRACTION_BITS) - 1 | 1 << _FRACTION_BITS)
    size = significand << MEAN_BITS >> np.minimum(largest - exponent, 63)
    return size ^ np.where(bits < 0, -1, 0), largest


def _bit_length(n: Integers) -> Integers:
    """Bits of ``n``, at least 1."""
    length, rest = np.ones_like(n), n
    for step in (32, 16, 8, 4, 2, 1):
        large = rest >> step > 0
        length, rest = length + step * large, np.where(large, rest >> step, rest)
    return length


def _root(n: Integers) -> Integers:
    """The integer part of the square root of ``n``, below 2**52."""
    root = np.sqrt(n.astype(np.float64)).astype(np.int64)
    root -= root * root > n
    return np.asarray(root + ((root + 1) * (root + 1) <= n))


def _cut(n: Integers, exponent: Integers) -> Floats:
    """``n * 2**exponent`` with 24 bits, cut toward zero."""
    size = np.abs(n)
    drop = np.maximum(_bit_length(np.maximum(size, 1)) - 24, 0)
    kept = np.sign(n) * (size >> drop)
    return round_to_binary32(np.ldexp(kept.astype(np.float64), drop + exponent))
