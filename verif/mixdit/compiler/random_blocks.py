"""Random plans of blocks, and random tokens."""

import numpy as np

from golden import MX4, MX6, MX9
from mixdit.compiler.block_plan import LINEARS, BlockPlan
from mixdit.plan.plan import AttentionPlan, LinearPlan

__all__ = ["random_inputs", "random_plan"]


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
