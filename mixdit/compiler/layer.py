"""A linear layer with its plan."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from golden import Tensor, quantize
from golden.engine import MemoryFormat
from mixdit.compiler.block_plan import activation_format, channel_order
from mixdit.compiler.block_weights import LinearWeights
from mixdit.plan.plan import LinearPlan

__all__ = ["Layer"]


@dataclass(frozen=True, eq=False)
class Layer:
    """A linear layer in floating point, and in which formats an engine computes it.

    Parameters
    ----------
    weights:
        ``[out_features, in_features]``, and the bias.
    plan:
        Formats of weights and activations, and the order of channels.

    Raises
    ------
    ValueError
        A plan of another number of channels, or one that no engine can follow.
    """

    weights: LinearWeights
    plan: LinearPlan

    def __post_init__(self) -> None:
        if self.plan.in_features != self.in_features:
            raise ValueError(f"the plan has {self.plan.in_features} channels, the layer {self.in_features}")
        activation_format(self.plan)

    @property
    def in_features(self) -> int:
        """Channels of its input."""
        return int(self.weights.weight.shape[1])

    @property
    def out_features(self) -> int:
        """Channels of its output."""
        return int(self.weights.weight.shape[0])

    @property
    def bias(self) -> NDArray[np.float32]:
        """float32 ``[out_features]``."""
        return self.weights.bias

    @property
    def input_format(self) -> tuple[MemoryFormat, int]:
        """Format of its input in memory, and the leading MX9 blocks of a row."""
        return activation_format(self.plan)

    @property
    def order(self) -> NDArray[np.intp] | None:
        """Channel of its input at each place; None for the order they have."""
        return channel_order(self.plan)

    def quantized(self) -> Tensor:
        """The weights as the engine reads them."""
        weight = self.weights.weight
        return quantize(weight if self.order is None else weight[:, self.order], self.plan.weight)

    def rows(self, order: NDArray[np.intp] | slice) -> "Layer":
        """The layer with these outputs, in this order."""
        return replace(self, weights=self.weights.rows(order))

    def with_weights(self, weights: LinearWeights) -> "Layer":
        """Another layer of the same input, by the same plan."""
        return replace(self, weights=weights)

    def with_bias(self, bias: NDArray[np.float32]) -> "Layer":
        """The layer with another bias."""
        return replace(self, weights=LinearWeights(self.weights.weight, bias))
