"""Binary32 to bfloat16 and back, on bit patterns: NumPy has no bfloat16 of its own."""

import numpy as np
from numpy.typing import NDArray

from golden.rounding import QUIET_NAN

BFLOAT16_NAN = np.uint16(QUIET_NAN >> np.uint32(16))
"""Bit pattern of every NaN that the hardware produces: 0x7FC0."""


def round_to_bfloat16(x: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Bit patterns of ``x`` in bfloat16, ties to even; overflow gives infinity, every NaN 0x7FC0."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32).reshape(np.shape(x))
    odd = bits >> np.uint32(16) & np.uint32(1)
    rounded = bits.astype(np.uint64) + np.uint64(0x7FFF) + odd  # 64 bits: a NaN may carry out of 32
    return np.where(np.isnan(x), BFLOAT16_NAN, (rounded >> np.uint64(16)).astype(np.uint16))


def widen_bfloat16(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """The values of bfloat16 bit patterns, exactly."""
    wide = np.ascontiguousarray(bits, np.uint16).astype(np.uint32) << np.uint32(16)
    return wide.view(np.float32).reshape(np.shape(bits))
