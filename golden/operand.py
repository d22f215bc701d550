"""A matrix operand, decoded and measured for the products in `golden.matmul`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.conversion import stream_parts
from golden.formats import BLOCK_SIZE, MX9
from golden.passes import top_offset
from golden.quantization import decode
from golden.tensor import MixedTensor, MXTensor, Tensor

NO_PASS = -1024
"""Shift of a block without a nonzero pass: it restricts nothing, whatever the other operand's shift is."""

_HIGH = np.uint64(0xF0F0F0F0F0F0F0F0)
_LOW = np.uint64(0x0F0F0F0F0F0F0F0F)


@dataclass(frozen=True, eq=False)
class Operand:
    """Rows of k-blocks.

    Attributes
    ----------
    parts:
        The codes, blocks of 16.
    values:
        float64 ``[rows, k_blocks * 16]``, exact; NaN blocks are NaN.
    reference:
        int16 ``[rows]``: largest pass exponent, zero blocks included.
    shifts:
        int16 ``[rows, k_blocks]``: the reference less the smallest exponent of a nonzero pass, or `NO_PASS`;
        `NO_PASS` in all of a row with a NaN block, whose results no shift changes.
    nan:
        bool ``[rows]``: the row has a NaN block.
    """

    parts: MixedTensor
    values: NDArray[np.float64]
    reference: NDArray[np.int16]
    shifts: NDArray[np.int16]
    nan: NDArray[np.bool_]


def _take_blocks(t: Tensor, start: int, stop: int) -> MixedTensor:
    """k-blocks ``start`` to ``stop`` of a tensor, as parts with blocks of 16."""
    taken: list[MXTensor] = []
    first = 0
    for part in stream_parts(t):
        count = part.exponents.shape[-1]
        low, high = max(start - first, 0), min(stop - first, count)
        if low == 0 and high == count:
            taken.append(part)
        elif low < high:
            k = min(part.k, high * BLOCK_SIZE) - low * BLOCK_SIZE
            taken.append(
                MXTensor(
                    part.fmt,
                    k,
                    part.exponents[:, low:high],
                    part.microexponents[:, low:high],
                    part.elements[:, low:high],
                )
            )
        first += count
    return MixedTensor(tuple(taken))


def _lowest_exponents(t: MXTensor) -> NDArray[np.int16]:
    """Smallest exponent of a nonzero pass of each block, int16 ``[rows, blocks]``; -`NO_PASS` for none."""
    exponents = t.exponents.astype(np.int16)
    none = np.int16(-NO_PASS)
    if t.fmt != MX9:
        words = np.ascontiguousarray(t.elements).view(np.uint64)
        return np.where((words[..., 0] | words[..., 1]) != 0, exponents, none)
    words = np.abs(np.ascontiguousarray(t.elements)).view(np.uint64)
    word = words[..., 0] | words[..., 1]
    high = np.where((word & _HIGH) != 0, exponents + np.int16(1), none)
    return np.where((word & _LOW) != 0, exponents - np.int16(3), high)


def prepare(t: Tensor, start: int, stop: int) -> Operand:
    """Decode and measure k-blocks ``start`` to ``stop`` of a matrix."""
    mixed = _take_blocks(t, start, stop)
    rows = mixed.shape[0]
    values = np.empty((rows, stop - start, BLOCK_SIZE), np.float64)
    lowest = np.empty((rows, stop - start), np.int16)
    reference = np.full(rows, -1, np.int16)
    nan = np.zeros(rows, bool)
    first = 0
    for part in mixed.parts:
        last = first + part.exponents.shape[1]
        values[:, first:last] = decode(part, np.float64).reshape(part.elements.shape)
        lowest[:, first:last] = _lowest_exponents(part)
        np.maximum(reference, part.exponents.max(axis=1) + np.int16(top_offset(part.fmt)), out=reference)
        blocks = part.nan_blocks
        if blocks.any():
            nan |= blocks.any(axis=1)
        first = last
    shifts = np.where(lowest == -NO_PASS, np.int16(NO_PASS), reference[:, None] - lowest)
    shifts[nan] = NO_PASS
    return Operand(mixed, values.reshape(rows, (stop - start) * BLOCK_SIZE), reference, shifts, nan)
