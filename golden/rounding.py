"""Exact binary64 values to binary32, and binary32 addition, as the hardware does both."""

import numpy as np
from numpy.typing import NDArray

QUIET_NAN = np.uint32(0x7FC00000)
"""Bit pattern of every NaN that the hardware produces."""

_SMALLEST_NORMAL = 2.0**-126
_ROUNDS_UP_TO_NORMAL = 2.0**-126 - 2.0**-151
"""With 24 bits and no exponent limit, values from here up round to 2**-126 (the tie goes to even)."""


def round_to_binary32(exact: NDArray[np.float64]) -> NDArray[np.float32]:
    """Round once to 24 bits, ties to even, then overflow to infinity and flush below 2**-126 to zero.

    Rounding comes first, with an unbounded exponent: values from 2**-126 - 2**-151 up give 2**-126.
    Flushed values keep their sign, zero gives +0 and NaN the quiet NaN 0x7FC00000.
    """
    exact = exact + 0.0  # -0 becomes +0
    with np.errstate(over="ignore", under="ignore"):
        result = exact.astype(np.float32)
    size = np.abs(exact)
    small = (size < _SMALLEST_NORMAL) & (size != 0)
    if small.any():
        kept = np.where(size[small] >= _ROUNDS_UP_TO_NORMAL, _SMALLEST_NORMAL, 0.0)
        result[small] = np.copysign(kept, exact[small])
    return canonical_nan(result)


def canonical_nan(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Write 0x7FC00000 over every NaN, in place."""
    nan = np.isnan(x)
    if nan.any():
        x.view(np.uint32)[nan] = QUIET_NAN
    return x


def flush(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 of any shape, subnormal values as zeros of their sign."""
    return np.where(np.abs(x) < np.float32(_SMALLEST_NORMAL), np.copysign(np.float32(0), x), x)


def add_binary32(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sum x + y in binary32, ties to even; subnormal sums become zero with their sign.

    Infinities of opposite sign, and NaN operands, give 0x7FC00000. The operands are not subnormal.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        total = x + y
    small = np.abs(total) < np.float32(_SMALLEST_NORMAL)
    if small.any():
        total[small] = np.copysign(np.float32(0), total[small])
    return canonical_nan(total)
