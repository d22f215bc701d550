"""Magnitudes of binary32 as integers, and arrays in pieces that fit a processor's cache."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["by_pieces", "magnitude"]

_PIECE = 1 << 14
"""Elements of a piece: with its intermediate results less than a second-level cache."""

Floats = NDArray[np.float32]


def magnitude(x: Floats, *, fraction: int, most: int) -> NDArray[np.int32]:
    """``min(floor(|x| * 2**fraction), most)``; of a NaN ``most``.

    A power of two loses no bit of ``x``, and the conversion cuts toward zero. ``most`` has at most 24 bits,
    so that binary32 holds it.
    """
    scaled = np.abs(x) * np.float32(2.0**fraction)
    return np.fmin(scaled, np.float32(most)).astype(np.int32)


def by_pieces(function: Callable[..., Floats], *operands: Floats) -> Floats:
    """``function`` of float32 of one shape, piece by piece: no result depends on other elements."""
    flat = [np.ascontiguousarray(x, np.float32).reshape(-1) for x in operands]
    result = np.empty(operands[0].size, np.float32)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for start in range(0, result.size, _PIECE):
            result[start : start + _PIECE] = function(*(x[start : start + _PIECE] for x in flat))
    return result.reshape(operands[0].shape)
