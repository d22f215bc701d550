"""Sinusoidal embeddings of positions and timesteps (DiT, arXiv 2212.09748)."""

import math

import torch
from torch import Tensor, nn

__all__ = ["TimestepEmbedding", "position_embedding"]

FREQUENCIES = 128


def position_embedding(side: int, width: int) -> Tensor:
    """Embedding of a ``side`` x ``side`` grid: float32 ``[side * side, width]``, half of it per axis."""
    frequencies = torch.exp(-math.log(10000) * torch.arange(width // 4) / (width // 4))
    angles = torch.arange(side)[:, None] * frequencies
    axis = torch.cat([angles.sin(), angles.cos()], dim=1)
    rows = axis[:, None].expand(side, side, -1)
    columns = axis[None].expand(side, side, -1)
    return torch.cat([rows, columns], dim=2).reshape(side * side, width)


class TimestepEmbedding(nn.Sequential):
    """Timesteps int64 ``[batch]`` to float32 ``[batch, width]``: sinusoids, then a two-layer perceptron."""

    def __init__(self, width: int):
        super().__init__(nn.Linear(2 * FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width))
        frequencies = torch.exp(-math.log(10000) * torch.arange(FREQUENCIES) / FREQUENCIES)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, timesteps: Tensor) -> Tensor:
        angles = timesteps[:, None] * self.frequencies
        return super().forward(torch.cat([angles.cos(), angles.sin()], dim=1))
