"""Blocks with random weights and random plans."""

import numpy as np

from golden import MX4, MX6, MX9
from mixdit.compiler.block_plan import LINEARS, BlockPlan
from mixdit.compiler.block_weights import BlockWeights, LinearWeights
from mixdit.plan.plan import AttentionPlan, LinearPlan

__all__ = ["random_inputs", "random_plan", "random_weights"]


def random_weights(rng, *, heads, head_width, hidden):
    """Weights with which every part of a block matters."""
    width = heads * head_width

    def linear(rows, columns):
        weight = rng.standard_normal((rows, columns), dtype=np.float32) / np.float32(columns**0.5)
        return LinearWeights(weight, 0.3 * rng.standard_normal(rows, dtype=np.float32))

    return BlockWeights(
        heads=heads,
        epsilon=1e-6,
        modulation=linear(6 * width, width),
        qkv=linear(3 * width, width),
        projection=linear(width, width),
        fc1=linear(hidden, width),
        fc2=linear(width, hidden),
    )


def random_plan(rng, weights):
    """Every format that a row can have, channels in any order."""

    def linear(features):
        high_blocks = int(rng.integers(0, -(-features // 16) + 1))
        return LinearPlan(
            in_features=features,
            weight=(MX4, MX6, MX9)[rng.integers(3)],
            low=(MX4, MX6)[rng.integers(2)],
            high_blocks=high_blocks,
            permutation=tuple(map(int, rng.permutation(features))) if rng.random() < 0.8 else None,
        )

    heads = tuple((MX4, MX6, MX9)[n] for n in rng.integers(0, 3, weights.heads))
    linears = {name: linear(getattr(weights, name).weight.shape[1]) for name in LINEARS}
    return BlockPlan(**linears, attention=AttentionPlan(heads=heads))


def random_inputs(rng, *, samples, tokens, width):
    """Tokens with a few large channels, and conditions."""
    x = rng.standard_normal((samples * tokens, width), dtype=np.float32)
    x[:, rng.integers(0, width, 3)] *= 20
    return x, rng.standard_normal((samples, width), dtype=np.float32)
