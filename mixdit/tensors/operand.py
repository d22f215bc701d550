"""An operand of exact products, decoded and measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from golden.formats import BLOCK_SIZE, MX9, MXINT8, Format
from mixdit.tensors.block_tensor import BlockTensor
from mixdit.tensors.quantize import decode, microexponent_factors

NO_PASS = -1024
"""Shift of a block without a nonzero pass: it drops no bits, whatever the other operand's shift is."""

_LOW_DIGITS = 0x0F0F0F0F0F0F0F0F

_LARGEST_SHIFT = 60
"""More than the bits of a dot product and of F together, in one operand alone."""


@dataclass(frozen=True, eq=False)
class Operand:
    """Rows of k-blocks of 16, ``[..., rows, k_blocks]``.

    Attributes
    ----------
    codes:
        The blocks; MXINT8 as pairs in MX9.
    values:
        float64 ``[..., rows, k_blocks * 16]``, exact; 0 in NaN blocks.
    reference:
        int32 ``[..., rows]``: largest pass exponent, zero blocks included.
    shifts:
        int32 ``[..., rows, k_blocks]``: the reference less the smallest exponent of a nonzero pass, or
        `NO_PASS`; `NO_PASS` in all of a row with a NaN block, whose results no shift changes.
    nan:
        bool ``[..., rows]``: the row has a NaN block.
    """

    codes: BlockTensor
    values: Tensor
    reference: Tensor
    shifts: Tensor
    nan: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the values without padding."""
        return self.codes.shape

    def tensors(self) -> list[Tensor]:
        """All tensors, for `from_tensors`."""
        c = self.codes
        measured = (self.values, self.reference, self.shifts, self.nan)
        return [c.exponents, c.microexponents, c.elements, *measured]

    @classmethod
    def from_tensors(cls, formats: tuple[Format, ...], k: int, tensors: Sequence[Tensor]) -> "Operand":
        """The operand that had these `tensors`."""
        return cls(BlockTensor(formats, k, *tensors[:3]), *tensors[3:])


def is_mx9(t: BlockTensor) -> Tensor:
    """Which k-blocks are in MX9, and so two passes: bool ``[k_blocks]``."""
    return torch.tensor([fmt == MX9 for fmt in t.formats], device=t.device)


def _as_pairs(t: BlockTensor) -> BlockTensor:
    """MXINT8 as the MX9 pairs that hardware streams, see `golden.convert`."""
    if t.formats[0] != MXINT8:
        return t
    blocks = -(-t.k // BLOCK_SIZE)
    exponents = t.exponents.repeat_interleave(2, -1)[..., :blocks]
    elements = t.elements.unflatten(-1, (2, BLOCK_SIZE)).flatten(-3, -2)[..., :blocks, :]
    return BlockTensor((MX9,) * blocks, t.k, exponents, torch.zeros_like(exponents), elements)


def prepare(t: BlockTensor) -> Operand:
    """Decode and measure a matrix, or a stack of them."""
    t = _as_pairs(t)
    exponents = t.exponents.int()
    wide = is_mx9(t)
    nan_blocks = t.exponents == 255
    nan = nan_blocks.any(-1)
    values = decode(t, torch.float64, 0.0)
    words = t.elements.contiguous().view(torch.int64)
    words = words[..., 0] | words[..., 1]
    # |q| has a low digit where q has one, and a block of MX9 without low digits has only its high pass.
    low_used = (words & torch.where(wide, _LOW_DIGITS, -1)) != 0
    lowest = torch.where(low_used, exponents - 3 * wide.int(), exponents + 1)
    reference = (exponents + wide.int()).amax(-1)
    shifts = torch.where(words != 0, reference[..., None] - lowest, NO_PASS)
    shifts = shifts.masked_fill(nan[..., None], NO_PASS)
    return Operand(t, values.flatten(-2), reference, shifts, nan)


def take(operand: Operand, index: Any) -> Operand:
    """Rows of an operand, by any index of the axes before K."""
    return Operand(
        operand.codes[index],
        operand.values[index],
        operand.reference[index],
        operand.shifts[index],
        operand.nan[index],
    )


def aligned_passes(operand: Operand, blocks: Tensor) -> tuple[Tensor, Tensor]:
    """The passes of some k-blocks, each element times 2**(1 - t) and 2**(exponent - reference).

    A shift beyond `_LARGEST_SHIFT` counts as that much: whatever the other operand's shift is, only the sign
    of a dot product is left of it. So binary32 holds every value, and every sum of 16 products, exactly.

    Parameters
    ----------
    operand:
        ``[..., rows, K]``.
    blocks:
        int64 ``[n]``: which k-blocks.

    Returns
    -------
    int64 ``[P]``, which of ``blocks`` each pass belongs to, and float32 ``[..., P, rows, 16]``. MX9 gives two
    passes, |q| = 16 * h + l; another format gives one, or two where some code is -2**m, as in
    `golden.split_passes`.
    """
    codes = operand.codes
    wide = is_mx9(codes)[blocks]
    shift = codes.exponents.index_select(-1, blocks).int() - operand.reference[..., None]
    # In units of an MX6 element: MX9's are 1/8 of it, MX4's 4 times as large.
    scale = (shift.clamp(min=-_LARGEST_SHIFT) - 3 * wide.int() + 127 << 23).view(torch.float32)
    widen = torch.tensor([max(0, 4 - fmt.magnitude_bits) for fmt in codes.formats], device=codes.device)
    q = codes.elements.index_select(-2, blocks).short() << widen[blocks, None].short()
    second = torch.where(wide[:, None], q.fmod(16), q - q.clamp(-15, 15))
    both = second.flatten(0, -3).any(0).any(-1).nonzero()[:, 0]
    parts = torch.cat((q - second, second.index_select(-2, both)), -2)
    index = torch.cat((torch.arange(len(blocks), device=q.device), both))
    micro = codes.microexponents.index_select(-1, blocks[index])
    parts *= microexponent_factors(micro, codes.formats[0])
    return index, (parts * scale.index_select(-1, index)[..., None]).transpose(-3, -2)
