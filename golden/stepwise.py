"""The aligned accumulator pass by pass, for outputs where a shift drops bits."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from golden.formats import BLOCK_SIZE, RESULT_BIAS
from golden.operand import NO_PASS, Operand
from golden.passes import split_passes

_TILE_ELEMENTS = 1 << 16
"""Outputs accumulated at a time: 512 KiB of binary64."""

Index = NDArray[np.intp]


def rectangles(
    shift_a: NDArray[np.int16], shift_b: NDArray[np.int16], limit: int
) -> Iterator[tuple[Index, Index]]:
    """Rows and columns that cover every output with ``shift_a + shift_b > limit``.

    One rectangle where at least a quarter of it is needed, else an exact one for each value of ``shift_a``.
    """
    rows = np.flatnonzero(shift_a + shift_b.max(initial=NO_PASS) > limit)
    if not rows.size:
        return
    columns = np.flatnonzero(shift_b + shift_a.max() > limit)
    levels, counts = np.unique(shift_a[rows], return_counts=True)
    reach = [int(np.count_nonzero(shift_b > limit - level)) for level in levels]
    if 4 * int(np.dot(counts, reach)) >= rows.size * columns.size:
        yield rows, columns
        return
    for level in levels:
        yield np.flatnonzero(shift_a == level), np.flatnonzero(shift_b > limit - level)


def _aligned_passes(operand: Operand, rows: Index) -> tuple[Index, NDArray[np.float64]]:
    """Elements of each pass times 2**(1 - t) and 2**(exponent - reference), for some rows.

    Returns the k-block of each pass, intp ``[P]``, and float64 ``[P, rows, 16]``.
    """
    p = split_passes(operand.parts[rows])
    t = np.unpackbits(p.microexponents[..., None], axis=-1, bitorder="little")
    scale = (p.exponents - operand.reference[rows, None])[..., None] + np.int16(1) - t.astype(np.int16)
    values = np.where(p.negative, -1.0, 1.0) * p.magnitudes
    values *= np.repeat(np.ldexp(1.0, scale.astype(np.int32)), 2, axis=-1)
    return p.blocks, np.ascontiguousarray(values.transpose(1, 0, 2))


def step_by_step(
    total: NDArray[np.float64], a: Operand, b: Operand, rows: Index, columns: Index, bits: int
) -> None:
    """Write the exact value ``acc * 2**(R - F - 262)`` of some outputs, every floor taken, into ``total``.

    ``total`` is float64 ``[M, N]``, ``bits`` is F. k-blocks that drop no bit of any of these outputs go
    together through one exact product; each other pass product is scaled by 2**(F - shift) through its
    operands, floored and added. The scaled dot product has the 15 bits of dot and an exponent far
    inside binary64's range, so it and its floor are exact at every shift.
    """
    exact = a.shifts[rows].max(axis=0) + b.shifts[columns].max(axis=0) <= bits
    elements = np.repeat(exact, BLOCK_SIZE)
    right_exact = b.values[np.ix_(columns, elements)].T
    blocks_b, right = _aligned_passes(b, columns)
    step = max(1, _TILE_ELEMENTS // columns.size)
    for start in range(0, rows.size, step):
        tile = rows[start : start + step]
        blocks_a, left = _aligned_passes(a, tile)
        left *= 2.0**bits
        acc = np.zeros((tile.size, columns.size))
        dot = np.empty_like(acc)
        for k in np.flatnonzero(~exact):
            for i in np.flatnonzero(blocks_a == k):
                for j in np.flatnonzero(blocks_b == k):
                    np.matmul(left[i], right[j].T, out=dot)
                    np.floor(dot, out=dot)
                    acc += dot
        reference = a.reference[tile, None].astype(np.int32) + b.reference[columns]
        acc *= np.ldexp(1.0, reference - (bits + RESULT_BIAS))
        acc += a.values[np.ix_(tile, elements)] @ right_exact
        total[np.ix_(tile, columns)] = acc
