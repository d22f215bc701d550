"""What ``perf.baselines.bfloat16_fma`` computes, to the bit."""

import numpy as np
from numpy.typing import NDArray

from golden.bfloat16 import widen_bfloat16
from golden.rounding import round_to_binary32

__all__ = ["bfloat16_dot", "fused_multiply_add"]


def fused_multiply_add(
    a: NDArray[np.uint16], b: NDArray[np.uint16], c: NDArray[np.float32]
) -> NDArray[np.float32]:
    """``a * b + c`` of bfloat16 patterns ``a`` and ``b`` and binary32 ``c``, rounded once, ties to even.

    Subnormal operands are read as zeros with their sign, and a result that is below the normal range after
    rounding is a zero with its sign: what x86's VDPBF16PS does in each of its steps. Every NaN is
    0x7FC00000. ``c`` is not subnormal. Any shapes that broadcast.
    """
    # Products have 16 bits and ``c`` has 24: the sum's rounding to 53 bits never moves that to 24.
    with np.errstate(invalid="ignore"):
        factors = [_without_subnormals(widen_bfloat16(x)).astype(np.float64) for x in (a, b)]
        total = np.asarray(factors[0] * factors[1] + c.astype(np.float64))
        result = round_to_binary32(total)
    zero = total == 0
    result[zero] = np.copysign(np.float32(0), total[zero])
    return result


def bfloat16_dot(a: NDArray[np.uint16], b: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Sums over the last axis, from +0, one ``fused_multiply_add`` after the other."""
    total = np.zeros(np.broadcast_shapes(a.shape, b.shape)[:-1], np.float32)
    for k in range(a.shape[-1]):
        total = fused_multiply_add(a[..., k], b[..., k], total)
    return total


def _without_subnormals(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(np.abs(x) < np.float32(2.0**-126), np.copysign(np.float32(0), x), x)
