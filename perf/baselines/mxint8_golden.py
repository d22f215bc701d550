"""What ``perf.baselines.mxint8`` computes, to the bit.

Format: OCP Microscaling Formats (MX) Specification, version 1.0: a block is 32 elements in two's complement,
each worth ``code * 2**-6``, and an E8M0 scale of ``2**(scale - 127)``, where 255 is NaN and makes every
result with it NaN. The specification leaves the precision and order of a dot product to the implementation.
"""

import numpy as np
from numpy.typing import NDArray

from golden.rounding import round_to_binary32

__all__ = [
    "BLOCK",
    "DOT_BITS",
    "LANES",
    "MAGNITUDE_BITS",
    "NAN_SCALE",
    "UNIT",
    "aligned_total",
    "distances",
    "mxint8_matmul",
    "sign_magnitude",
    "total_bits",
]

BLOCK = 32
"""Elements with one scale."""

LANES = 16
"""Products per cycle: half a block."""

MAGNITUDE_BITS = 7

DOT_BITS = 19
"""Bits of a signed sum of ``LANES`` products."""

NAN_SCALE = 255

UNIT = 2 * (127 + 6)
"""A dot product is worth dot * 2**(scale + scale - 266)."""


def sign_magnitude(codes: NDArray[np.int8]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Signs and 7-bit magnitudes of elements; -128, outside of the symmetric range, is read as -127."""
    wide = np.asarray(codes, np.int64)
    return wide < 0, np.minimum(np.abs(wide), (1 << MAGNITUDE_BITS) - 1)


def total_bits(fraction_bits: int, k_blocks: int) -> int:
    """Width of an accumulator for ``k_blocks`` half blocks, by the rule of ``accumulator_bits``."""
    return DOT_BITS + fraction_bits + (k_blocks - 1).bit_length() + 1


def aligned_total(
    a: NDArray[np.int8], b: NDArray[np.int8], distance: NDArray[np.int64], *, fraction_bits: int
) -> NDArray[np.int64]:
    """``sum over half blocks of floor(dot * 2**F / 2**distance)``.

    ``a`` and ``b`` are codes ``[..., half blocks, 16]``, ``distance`` ``[..., half blocks]``.
    """
    values = [np.where(sign, -m, m) for sign, m in map(sign_magnitude, (a, b))]
    dot = (values[0] * values[1]).sum(-1)
    return np.asarray((dot << fraction_bits >> np.minimum(distance, 62)).sum(-1), np.int64)


def distances(scales: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The largest scale of each row, and how far below it each block's is: ``[rows]``, ``[rows, blocks]``."""
    wide = scales.astype(np.int64)
    largest = wide.max(-1)
    return largest, largest[:, None] - wide


def mxint8_matmul(
    a: NDArray[np.int8],
    a_scales: NDArray[np.uint8],
    b: NDArray[np.int8],
    b_scales: NDArray[np.uint8],
    *,
    fraction_bits: int,
) -> NDArray[np.float32]:
    """``a @ b.T`` in binary32 by aligned sums, rounded once: ``[rows of a, rows of b]``.

    Parameters
    ----------
    a, b:
        Codes, ``[rows, k]``, k a multiple of 32.
    a_scales, b_scales:
        E8M0, ``[rows, k / 32]``.
    fraction_bits:
        F, bits kept below a dot product of the largest scales of the row and the column.
    """
    (a_largest, da), (b_largest, db) = distances(a_scales), distances(b_scales)
    halves = BLOCK // LANES
    distance = np.repeat(da[:, None, :] + db[None, :, :], halves, axis=-1)
    lanes = (-1, a.shape[1] // LANES, LANES)
    total = aligned_total(
        a.reshape(lanes)[:, None], b.reshape(lanes)[None], distance, fraction_bits=fraction_bits
    )
    exponent = a_largest[:, None] + b_largest[None] - UNIT - fraction_bits
    nan = (a_scales == NAN_SCALE).any(-1)[:, None] | (b_scales == NAN_SCALE).any(-1)[None]
    exact = np.where(nan, np.nan, np.ldexp(total.astype(np.float64), exponent))
    return round_to_binary32(exact)
