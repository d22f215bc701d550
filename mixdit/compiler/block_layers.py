"""Transformer blocks of diffusers as layers with their plans, without torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixdit.compiler.layer import Layer
from mixdit.plan.plan import AttentionPlan

__all__ = [
    "AttentionLayers",
    "ConditionedBlock",
    "JointBlock",
    "Norm",
    "Perceptron",
    "TableBlock",
]

Row = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Norm:
    """An RMS norm of each head's q or k.

    Parameters
    ----------
    weight:
        float32 ``[head_width]``, by which channels are multiplied.
    epsilon:
        What is added to the mean square.
    """

    weight: Row
    epsilon: float


@dataclass(frozen=True, eq=False, kw_only=True)
class AttentionLayers:
    """What makes q, k and v of tokens, and what takes what the heads have gathered for them.

    Parameters
    ----------
    query, output:
        None for tokens that nobody asks for, only their k and v.
    key, value:
        In a cross-attention those of the text.
    query_norm, key_norm:
        None for none.
    """

    query: Layer | None
    key: Layer
    value: Layer
    output: Layer | None
    query_norm: Norm | None = None
    key_norm: Norm | None = None

    def asking(self) -> tuple[Layer, Layer]:
        """Query and output; raises ``ValueError`` where nobody asks."""
        if self.query is None or self.output is None:
            raise ValueError("these tokens have no layers query and output")
        return self.query, self.output


@dataclass(frozen=True, eq=False, kw_only=True)
class Perceptron:
    """Two layers with GELU between them, behind a layer norm.

    Parameters
    ----------
    hidden, output:
        The layers.
    epsilon:
        Of the layer norm.
    """

    hidden: Layer
    output: Layer
    epsilon: float


@dataclass(frozen=True, eq=False, kw_only=True)
class ConditionedBlock:
    """A block of DiT: self-attention and perceptron, modulated by a layer of the condition (adaLN-zero).

    Parameters
    ----------
    modulation:
        ``[6 * width, width]``: shift, scale and gate of the attention, then of the perceptron.
    attention, heads:
        Its layers, and the format of each head.
    epsilon:
        Of the attention's layer norm.
    perceptron:
        Its layers.
    """

    modulation: Layer
    attention: AttentionLayers
    heads: AttentionPlan
    epsilon: float
    perceptron: Perceptron


@dataclass(frozen=True, eq=False, kw_only=True)
class TableBlock:
    """A block of PixArt: self-attention, cross-attention to text without norm and gate, perceptron.

    Parameters
    ----------
    table:
        float32 ``[6, width]``: what the condition adds to for shift, scale and gate of the self-attention,
        then of the perceptron.
    attention, heads, epsilon:
        The self-attention's, as in `ConditionedBlock`.
    cross, cross_heads:
        The cross-attention's.
    perceptron:
        Its layers.
    """

    table: NDArray[np.float32]
    attention: AttentionLayers
    heads: AttentionPlan
    epsilon: float
    cross: AttentionLayers
    cross_heads: AttentionPlan
    perceptron: Perceptron


@dataclass(frozen=True, eq=False, kw_only=True)
class JointBlock:
    """A block of Stable Diffusion 3: image and context, each with layers of its own, attend to both.

    Parameters
    ----------
    modulation:
        ``[6 * width, width]``, as in `ConditionedBlock`; with a second attention ``[9 * width, width]``,
        its shift, scale and gate behind the others.
    context_modulation:
        ``[6 * width, width]``; without a context's perceptron ``[2 * width, width]``, scale and shift.
    attention, context_attention, heads:
        Layers of image and context, and the format of each head.
    second, second_heads:
        A self-attention of the image; None for none.
    epsilon, context_epsilon:
        Of the attentions' layer norms.
    perceptron, context_perceptron:
        Of image and context. The context of a model's last block has none, and stays as it is.
    """

    modulation: Layer
    context_modulation: Layer
    attention: AttentionLayers
    context_attention: AttentionLayers
    heads: AttentionPlan
    second: AttentionLayers | None
    second_heads: AttentionPlan | None
    epsilon: float
    context_epsilon: float
    perceptron: Perceptron
    context_perceptron: Perceptron | None
