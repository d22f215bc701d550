"""The weights of a transformer block as NumPy arrays."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BlockWeights", "LinearWeights", "block_weights"]

MODULATIONS = 6
"""Rows that the modulation makes: shift, scale and gate of the attention, then of the perceptron."""


@dataclass(frozen=True, eq=False)
class LinearWeights:
    """A linear layer ``x weight^T + bias``.

    Parameters
    ----------
    weight:
        float32 ``[out_features, in_features]``.
    bias:
        float32 ``[out_features]``.

    Raises
    ------
    TypeError, ValueError
        Arrays of another dtype or shape.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, np.ndarray) or value.dtype != np.float32:
                raise TypeError(f"{field.name} must be a float32 array, not {value!r:.80}")
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[:1]:
            raise ValueError(
                f"weight and bias must have shapes [out, in] and [out], not {self.weight.shape} and"
                f" {self.bias.shape}"
            )

    def rows(self, order: NDArray[np.intp] | slice) -> "LinearWeights":
        """The layer with these outputs, in this order."""
        return LinearWeights(self.weight[order], self.bias[order])


@dataclass(frozen=True, eq=False, kw_only=True)
class BlockWeights:
    """A transformer block with adaptive layer normalization (adaLN-zero), in floating point.

    Parameters
    ----------
    heads:
        Attention heads, which divide the width.
    epsilon:
        What the layer norms add to the variance.
    modulation:
        ``[6 * width, width]``: shift, scale and gate of the attention, then of the perceptron.
    qkv:
        ``[3 * width, width]``: q of all heads, k, v.
    projection:
        ``[width, width]``, behind the heads.
    fc1, fc2:
        ``[hidden, width]`` and ``[width, hidden]``: the perceptron.

    Raises
    ------
    ValueError
        Shapes that do not fit each other.
    """

    heads: int
    epsilon: float
    modulation: LinearWeights
    qkv: LinearWeights
    projection: LinearWeights
    fc1: LinearWeights
    fc2: LinearWeights

    def __post_init__(self) -> None:
        width, hidden = self.width, self.hidden
        shapes = {
            "modulation": (MODULATIONS * width, width),
            "qkv": (3 * width, width),
            "projection": (width, width),
            "fc1": (hidden, width),
            "fc2": (width, hidden),
        }
        for name, shape in shapes.items():
            found = getattr(self, name).weight.shape
            if found != shape:
                raise ValueError(f"{name} must have shape {shape}, not {found}")
        if self.heads < 1 or width % self.heads:
            raise ValueError(f"heads must divide the width {width}, not {self.heads!r}")

    @property
    def width(self) -> int:
        """Channels of a token."""
        return int(self.projection.weight.shape[0])

    @property
    def hidden(self) -> int:
        """Channels inside the perceptron."""
        return int(self.fc1.weight.shape[0])

    @property
    def head_width(self) -> int:
        """Channels of a head."""
        return self.width // self.heads

    def split_modulation(self) -> Iterator[LinearWeights]:
        """The modulation's six layers of ``width`` outputs."""
        for n in range(MODULATIONS):
            yield self.modulation.rows(slice(n * self.width, (n + 1) * self.width))

    def split_qkv(self) -> Iterator[LinearWeights]:
        """The layers that make q, k and v."""
        for n in range(3):
            yield self.qkv.rows(slice(n * self.width, (n + 1) * self.width))


def block_weights(block: Any) -> BlockWeights:
    """The weights of a `mixdit.digits.block.TransformerBlock`, copied."""

    def linear(module: Any) -> LinearWeights:
        weight, bias = (t.detach().float().cpu().numpy().copy() for t in (module.weight, module.bias))
        return LinearWeights(weight, bias)

    return BlockWeights(
        heads=block.attention.heads,
        epsilon=float(block.norm1.eps),
        modulation=linear(block.modulation),
        qkv=linear(block.attention.qkv),
        projection=linear(block.attention.projection),
        fc1=linear(block.fc1),
        fc2=linear(block.fc2),
    )
