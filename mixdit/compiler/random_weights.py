"""Blocks with random weights, to measure and to test with."""

import numpy as np
from numpy.typing import NDArray

from mixdit.compiler.block_weights import BlockWeights, LinearWeights

__all__ = ["random_weights"]

_BIAS = np.float32(0.3)
"""Standard deviation of biases."""


def random_weights(rng: np.random.Generator, *, heads: int, head_width: int, hidden: int) -> BlockWeights:
    """Weights that keep what passes through them about as large as it was, and by which every part matters.

    Parameters
    ----------
    rng:
        What draws them, normally distributed.
    heads, head_width, hidden:
        Heads, channels of each, and channels within the perceptron.
    """
    width = heads * head_width

    def normal(*shape: int) -> NDArray[np.float32]:
        return rng.standard_normal(shape, dtype=np.float32)

    def linear(rows: int, columns: int) -> LinearWeights:
        weight = normal(rows, columns) / np.float32(columns**0.5)
        return LinearWeights(weight, _BIAS * normal(rows))

    return BlockWeights(
        heads=heads,
        epsilon=1e-6,
        modulation=linear(6 * width, width),
        qkv=linear(3 * width, width),
        projection=linear(width, width),
        fc1=linear(hidden, width),
        fc2=linear(width, hidden),
    )
