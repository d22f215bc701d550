"""The aligned accumulator pass by pass, for outputs where a shift drops bits."""

import numpy as np
from numpy.typing import NDArray

from golden.formats import BLOCK_SIZE, DOT_FRACTION_BITS, EXPONENT_BIAS, PASS_MAGNITUDE_BITS
from golden.operand import Operand
from golden.passes import split_passes

_VALUE_OFFSET = 2 * (EXPONENT_BIAS + PASS_MAGNITUDE_BITS - 1) + DOT_FRACTION_BITS
"""A pass dot product is worth dot * 2**(e - 262)."""


def _aligned_passes(operand: Operand) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Elements of each pass times 2**(1 - t) and 2**(exponent - reference).

    Returns the k-block of each pass, intp ``[P]``, and float64 ``[P, rows, 16]``; NaN blocks are 0.
    """
    p = split_passes(operand.parts)
    t = np.unpackbits(p.microexponents[..., None], axis=-1, bitorder="little")
    scale = (p.exponents - operand.reference[:, None])[..., None] + np.int16(1) - t.astype(np.int16)
    values = np.where(p.negative, -1.0, 1.0) * p.magnitudes
    values = np.ldexp(values, np.repeat(scale, 2, axis=-1).astype(np.int32))
    values[p.nan] = 0
    return p.blocks, np.ascontiguousarray(values.transpose(1, 0, 2))


def stepwise_sum(a: Operand, b: Operand, fraction_bits: int) -> NDArray[np.float64]:
    """Exact value ``acc * 2**(R - F - 262)`` with every floor taken: float64 ``[M, N]``.

    k-blocks that drop no bit of any output here go together through one exact product; each other pass product
    is scaled by 2**(F - shift) through its operands, floored and added. The scaled dot product has the 15 bits of
    dot and an exponent far inside binary64's range, so it and its floor are exact at every shift.
    """
    exact = a.shifts.max(axis=0) + b.shifts.max(axis=0) <= fraction_bits
    columns = np.repeat(exact, BLOCK_SIZE)
    total: NDArray[np.float64] = a.values[:, columns] @ b.values[:, columns].T
    acc = np.zeros_like(total)
    dot = np.empty_like(total)
    blocks_a, left = _aligned_passes(a)
    blocks_b, right = _aligned_passes(b)
    left *= 2.0**fraction_bits
    for k in np.flatnonzero(~exact):
        for i in np.flatnonzero(blocks_a == k):
            for j in np.flatnonzero(blocks_b == k):
                np.matmul(left[i], right[j].T, out=dot)
                np.floor(dot, out=dot)
                acc += dot
    reference = a.reference[:, None].astype(np.int32) + b.reference - (fraction_bits + _VALUE_OFFSET)
    total += np.ldexp(acc, reference)
    return total
