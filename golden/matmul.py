"""Products of block matrices, bit for bit as the array computes them: section 7 of the contract.

D[M, N] = A[M, K] * B[N, K]^T. The aligned accumulator takes one of two ways with the same bits: one binary64
product where no shift drops a bit, pass by pass with floors elsewhere.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from golden.dot import check_same_k
from golden.formats import BLOCK_SIZE, accumulator_bits
from golden.operand import Operand, prepare
from golden.rounding import QUIET_NAN, add_binary32, round_to_binary32
from golden.stepwise import rectangles, step_by_step
from golden.tensor import Tensor

FRACTION_BITS = 17
"""Default F of the aligned accumulator."""

_TILE_ELEMENTS = 1 << 16
"""Outputs handled at a time in loops over k-blocks: 512 KiB of binary64."""


def _check_int(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an int, not {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value!r}")


def aligned_sum(a: Operand, b: Operand, fraction_bits: int) -> NDArray[np.float64]:
    """Exact value ``acc * 2**(R - F - 262)`` of every aligned accumulator: float64 ``[M, N]``.

    One product of the decoded values serves every output whose passes all shift by at most F. Proof that
    binary64 computes it exactly, in any order of additions: relative to 2**(R - 262), the product of two
    nonzero passes is an integer divided by 2**shift, so all products of elements and all partial sums
    are multiples of 2**-F. An element times its 2**(1 - t) is at most 16 * 2 relative to the row's part of
    R (MX6: 16; MX9: 128 = 8 * 16 with exponent E + 1), hence partial sums are at most
    16 * 32**2 * k_blocks = 2**14 * k_blocks, and 14 + F + log2(k_blocks) <= 53 bits hold them. W <= 54, which
    `matmul` checks, implies that, and bounds the accumulator itself by 2**53.
    """
    total: NDArray[np.float64] = a.values @ b.values.T
    for rows, columns in rectangles(a.shifts.max(axis=1), b.shifts.max(axis=1), fraction_bits):
        step_by_step(total, a, b, rows, columns, fraction_bits)
    return total


def _aligned(a: Operand, b: Operand, fraction_bits: int) -> NDArray[np.float32]:
    """One chunk in the aligned accumulator: float32 ``[M, N]``, NaN blocks not yet applied."""
    return round_to_binary32(aligned_sum(a, b, fraction_bits))


def _float32(a: Operand, b: Operand) -> NDArray[np.float32]:
    """One chunk in the float32 accumulator: float32 ``[M, N]``, NaN blocks not yet applied."""
    rows, columns = len(a.values), len(b.values)
    result = np.zeros((rows, columns), np.float32)
    step = max(1, _TILE_ELEMENTS // max(1, columns))
    for start in range(0, rows, step):
        tile = a.values[start : start + step]
        total = result[start : start + step]
        for k in range(0, tile.shape[1], BLOCK_SIZE):
            dot = tile[:, k : k + BLOCK_SIZE] @ b.values[:, k : k + BLOCK_SIZE].T  # at most 21 bits: exact
            total[:] = add_binary32(total, round_to_binary32(dot))
    return result


def matmul(
    a: Tensor,
    b: Tensor,
    accumulator: Literal["aligned", "float32"] = "aligned",
    fraction_bits: int = FRACTION_BITS,
    k_blocks: int | None = None,
) -> NDArray[np.float32]:
    """Product A * B^T with the hardware's accumulation, float32 ``[M, N]``.

    ``"aligned"``: for every output, ``acc = sum over passes of floor(dot * 2**F / 2**(R - e))``, with e
    the pass's exponent sum, dot its integer block dot product and R the row's plus the column's
    `reference_exponents`; floor is the mathematical one at any shift, so a small negative dot adds -1.
    The result ``acc * 2**(R - F - 262)`` is rounded once, see `round_to_binary32`; acc = 0 gives +0.

    ``"float32"``: from +0, for each k-block in ascending order, ``sum = sum + round(dot)`` with dot the
    exact product of the whole blocks (`block_dot`), both roundings to binary32 with ties to
    even, and both results flushed to a zero of their sign below 2**-126.

    A NaN block anywhere in the row or column gives 0x7FC00000 in either mode.

    Parameters
    ----------
    a, b:
        ``[M, K]`` and ``[N, K]``, `MXTensor` or `MixedTensor` in any formats; MXINT8 counts as MX9 pairs.
    accumulator:
        ``"aligned"`` or ``"float32"``.
    fraction_bits:
        F of the aligned accumulator, 0 or more; `accumulator_bits` must be at most 54.
    k_blocks:
        k-blocks of 16 per chunk, where the hardware's operand buffer is shorter than K; each chunk
        has its own R. Chunk results are added in ascending order, beginning with the first, by
        `add_binary32`. None: one chunk.

    Raises
    ------
    TypeError
        An operand or a parameter of another kind.
    ValueError
        Operands that are not matrices or differ in K, an unknown accumulator, ``fraction_bits`` or
        ``k_blocks`` out of range.
    """
    check_same_k(a, b)
    for name, t in (("a", a), ("b", b)):
        if len(t.shape) != 2:
            raise ValueError(f"{name} must have 2 axes, not shape {t.shape}")
    if accumulator not in ("aligned", "float32"):
        raise ValueError(f"accumulator must be 'aligned' or 'float32', not {accumulator!r}")
    _check_int("fraction_bits", fraction_bits, 0)
    count = -(-a.k // BLOCK_SIZE)
    if k_blocks is None:
        k_blocks = count
    _check_int("k_blocks", k_blocks, 1)
    width = accumulator_bits(fraction_bits, min(k_blocks, count))
    if width > 54:
        raise ValueError(
            f"fraction_bits={fraction_bits!r} takes an accumulator of {width} bits over "
            f"{min(k_blocks, count)} k-blocks, and the golden model holds at most 54"
        )
    result: NDArray[np.float32] | None = None
    for start in range(0, count, k_blocks):
        left, right = (prepare(t, start, min(start + k_blocks, count)) for t in (a, b))
        chunk = _float32(left, right) if accumulator == "float32" else _aligned(left, right, fraction_bits)
        # NaN values reach their outputs anyway, unless a BLAS skips the zeros of the other operand.
        chunk.view(np.uint32)[left.nan[:, None] | right.nan] = QUIET_NAN
        result = chunk if result is None else add_binary32(result, chunk)
    assert result is not None
    return result
