"""Formats chosen at run time, block by block of every row: an alternative to static plans."""

import torch
from torch import Tensor
from torch.nn import functional

from golden import MX6, MX9, Format
from mixdit.tensors.quantize import fake_quantize


def block_maxima(x: Tensor) -> Tensor:
    """Largest magnitude of each block of 16 along the last axis: ``[..., K]`` to ``[..., blocks]``."""
    size = MX9.block_size
    padded = functional.pad(x, (0, -x.shape[-1] % size))
    return padded.unflatten(-1, (-1, size)).abs().amax(-1)


def fake_quantize_above(x: Tensor, threshold: float, high: Format = MX9, low: Format = MX6) -> Tensor:
    """`fake_quantize`, blocks with a magnitude above ``threshold`` in ``high`` and the others in ``low``.

    ``x`` is floating point ``[..., K]``, the result float32 of the same shape.
    """
    chosen = (block_maxima(x) > threshold)[..., None].expand(*x.shape[:-1], -1, MX9.block_size)
    return torch.where(chosen.flatten(-2)[..., : x.shape[-1]], fake_quantize(x, high), fake_quantize(x, low))
