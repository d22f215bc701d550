"""Products of block tensors in PyTorch: fast in binary32, or with the bits of the hardware's accumulator."""

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor

from golden import FRACTION_BITS, accumulator_bits
from golden.formats import BLOCK_SIZE, RESULT_BIAS
from mixdit.tensors.autocast import without_autocast
from mixdit.tensors.block_tensor import BlockTensor
from mixdit.tensors.operand import Operand, aligned_passes, prepare, take
from mixdit.tensors.quantize import dequantize
from mixdit.tensors.rounding import QUIET_NAN_BITS, add_binary32, round_to_binary32

_TILE_OUTPUTS = 1 << 18
"""Outputs that are accumulated together."""

_PRODUCTS = 1 << 20
"""Pass products held at a time: 4 MiB of binary32."""


def matmul(
    a: BlockTensor | Operand,
    b: BlockTensor | Operand,
    mode: Literal["fast", "exact"] = "exact",
    fraction_bits: int = FRACTION_BITS,
    k_blocks: int | None = None,
) -> Tensor:
    """Product A * B^T of matrices or of stacks of them.

    ``"exact"`` gives the bits of ``golden.matmul`` with its aligned accumulator: one binary64 product where
    no shift drops a bit, pass by pass with floors elsewhere. ``"fast"`` multiplies the decoded values in
    binary32.

    Parameters
    ----------
    a, b:
        ``[..., M, K]`` and ``[..., N, K]`` with the same leading axes; `prepare` saves an operand of several
        exact products its preparation.
    mode:
        ``"exact"`` or ``"fast"``.
    fraction_bits, k_blocks:
        F of the accumulator, and the k-blocks of a chunk (None: all), as `golden.matmul`; exact mode only.

    Returns
    -------
    float32 ``[..., M, N]``

    Raises
    ------
    ValueError
        Different K or leading axes, an unknown mode, or a parameter out of range.
    """
    with without_autocast(a.values if isinstance(a, Operand) else a.elements):
        return _matmul(a, b, mode, fraction_bits, k_blocks)


def _matmul(
    a: BlockTensor | Operand, b: BlockTensor | Operand, mode: str, fraction_bits: int, k_blocks: int | None
) -> Tensor:
    if a.shape[-1] != b.shape[-1] or a.shape[:-2] != b.shape[:-2] or len(a.shape) < 2:
        raise ValueError(f"a and b must be [..., M, K] and [..., N, K], not {a.shape} and {b.shape}")
    if mode == "fast":
        left, right = (dequantize(t.codes if isinstance(t, Operand) else t) for t in (a, b))
        return left @ right.mT
    if mode != "exact":
        raise ValueError(f"mode must be 'fast' or 'exact', not {mode!r}")
    count = -(-a.shape[-1] // BLOCK_SIZE)
    chunk = count if k_blocks is None else k_blocks
    if chunk < 1:
        raise ValueError(f"k_blocks must be at least 1, not {k_blocks!r}")
    if fraction_bits < 0 or accumulator_bits(fraction_bits, min(chunk, count)) > 54:
        raise ValueError(
            f"fraction_bits must be 0 or more with an accumulator of at most 54 bits, not {fraction_bits!r}"
        )
    pieces = zip(_chunks(a, chunk, count), _chunks(b, chunk, count), strict=True)
    result: Tensor | None = None
    for left, right in pieces:
        total = _aligned(left, right, fraction_bits)
        result = total if result is None else add_binary32(result, total)
    assert result is not None
    return result


def _chunks(t: BlockTensor | Operand, k_blocks: int, count: int) -> Iterator[Operand]:
    """The operand in pieces along K, each with its own reference."""
    if k_blocks >= count:
        yield t if isinstance(t, Operand) else prepare(t)
        return
    codes = (t if isinstance(t, Operand) else prepare(t)).codes
    for start in range(0, count, k_blocks):
        part = slice(start, start + k_blocks)
        k = min(codes.k - start * BLOCK_SIZE, k_blocks * BLOCK_SIZE)
        yield prepare(
            BlockTensor(
                codes.formats[part],
                k,
                codes.exponents[..., part],
                codes.microexponents[..., part],
                codes.elements[..., part, :],
            )
        )


@torch.no_grad()
def _aligned(a: Operand, b: Operand, fraction_bits: int) -> Tensor:
    """One chunk in the aligned accumulator: float32 ``[..., M, N]``."""
    leading = a.shape[:-2]
    left, right = (_as_stack(t) for t in (a, b))
    result = round_to_binary32(_aligned_sum(left, right, fraction_bits))
    nan = left.nan[:, :, None] | right.nan[:, None, :]
    result.view(torch.int32).masked_fill_(nan, QUIET_NAN_BITS)
    return result.view(*leading, *result.shape[1:])


def _as_stack(t: Operand) -> Operand:
    """The operand with one leading axis."""
    leading = t.shape[:-2]
    if len(leading) == 1:
        return t
    if not leading:
        return take(t, None)
    c = t.codes
    fields = [x.flatten(0, len(leading) - 1) for x in (c.exponents, c.microexponents, c.elements)]
    rest = [x.flatten(0, len(leading) - 1) for x in (t.values, t.reference, t.shifts, t.nan)]
    return Operand(BlockTensor(c.formats, c.k, *fields), *rest)


def _aligned_sum(a: Operand, b: Operand, fraction_bits: int) -> Tensor:
    """Exact value ``acc * 2**(R - F - 262)`` of every accumulator: float64 ``[batch, M, N]``.

    Where all passes of an output shift by at most F, binary64 sums their exact products exactly, in any
    order: the proof stands at ``golden.matmul``. Matrices of a stack, or rows of a single matrix, that have
    another output go through `_tile`, those with like shifts together.
    """
    total = a.values @ b.values.mT
    if not total.numel():
        return total
    worst = a.shifts.amax(-1) + b.shifts.amax((-1, -2))[:, None]  # [batch, M]
    if len(total) > 1:
        hard = (worst.amax(1) > fraction_bits).nonzero()[:, 0]
        hard = hard[worst.amax(1)[hard].argsort()]
        for index in _split(hard, total[0].numel()):
            total[index] = _tile(take(a, index), take(b, index), fraction_bits)
        return total
    hard = (worst[0] > fraction_bits).nonzero()[:, 0]
    hard = hard[worst[0, hard].argsort()]
    for rows in _split(hard, total.shape[2]):
        tile = take(a, (slice(None), rows))
        reach = tile.shifts.amax() + b.shifts[0].amax(-1)
        columns = (reach > fraction_bits).nonzero()[:, 0]
        right = b if len(columns) == b.shape[1] else take(b, (slice(None), columns))
        total[0, rows[:, None], columns] = _tile(tile, right, fraction_bits)[0]
    return total


def _split(index: Tensor, outputs: int) -> tuple[Tensor, ...]:
    """Matrices or rows with ``outputs`` outputs each, in tiles."""
    return index.split(max(1, _TILE_OUTPUTS // outputs)) if len(index) else ()


def _tile(a: Operand, b: Operand, fraction_bits: int) -> Tensor:
    """`_aligned_sum` with every floor taken that can drop a bit of an output of these operands.

    k-blocks that drop none go through one exact product. The pass products of the others are scaled by
    2**(F - shift) through their operands, floored and added up in binary64; a dot product has at most 15
    bits, so binary32 holds it, and its floor, at every scale.
    """
    reach = a.shifts.amax((0, 1)) + b.shifts.amax((0, 1))
    stepped = reach > fraction_bits
    elements = (~stepped).repeat_interleave(BLOCK_SIZE).nonzero()[:, 0]
    exact = a.values.index_select(-1, elements) @ b.values.index_select(-1, elements).mT
    blocks = stepped.nonzero()[:, 0]
    block_a, left = aligned_passes(a, blocks)
    block_b, right = aligned_passes(b, blocks)
    i, j = (block_a[:, None] == block_b).nonzero().unbind(1)
    left = left * 2.0**fraction_bits
    acc = torch.zeros_like(exact)
    step = max(1, max(1, _PRODUCTS // acc.numel()))
    for start in range(0, len(i), step):
        part = slice(start, start + step)
        # [batch, passes, M, N]
        dots = left.index_select(1, i[part]) @ right.index_select(1, j[part]).mT
        acc += dots.floor_().sum(1, dtype=torch.float64)
    reference = a.reference[:, :, None] + b.reference[:, None, :]
    scale = (reference.long() - (fraction_bits + RESULT_BIAS) + 1023 << 52).view(torch.float64)
    return exact + acc * scale
