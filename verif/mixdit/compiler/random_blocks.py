"""Random plans of blocks, and random tokens."""

from dataclasses import fields, is_dataclass, replace

import numpy as np

from golden import MX4, MX6, MX9
from mixdit.compiler.block_plan import LINEARS, BlockPlan
from mixdit.compiler.layer import Layer
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import AttentionPlan, LinearPlan

__all__ = ["random_heads", "random_inputs", "random_linear", "random_plan", "with_random_plans"]


def random_plan(rng, weights):
    """Every format that a row can have, channels in any order."""
    heads = random_heads(rng, weights.heads)
    linears = {name: random_linear(rng, getattr(weights, name).weight.shape[1]) for name in LINEARS}
    return BlockPlan(**linears, attention=heads)


def random_linear(rng, features):
    high_blocks = int(rng.integers(0, -(-features // 16) + 1))
    return LinearPlan(
        in_features=features,
        weight=(MX4, MX6, MX9)[rng.integers(3)],
        low=(MX4, MX6)[rng.integers(2)],
        high_blocks=high_blocks,
        permutation=tuple(map(int, rng.permutation(features))) if rng.random() < 0.8 else None,
    )


def random_heads(rng, heads):
    """Each head with one format, or with any four."""
    drawn = rng.integers(0, 3, (heads, 4))
    alike = rng.random(heads) < 0.25
    drawn[alike] = drawn[alike, :1]
    return AttentionPlan(heads=tuple(HeadFormats(*((MX4, MX6, MX9)[n] for n in of)) for of in drawn))


def with_random_plans(rng, part, shared):
    """A block, or part of one, with plans by chance; layers of one width may share one."""
    if isinstance(part, Layer):
        plan = shared.get(part.in_features)
        return replace(part, plan=plan or random_linear(rng, part.in_features))
    if isinstance(part, AttentionPlan):
        return random_heads(rng, len(part.heads))
    if is_dataclass(part):
        values = {f.name: with_random_plans(rng, getattr(part, f.name), shared) for f in fields(part)}
        return replace(part, **values)
    return part


def random_inputs(rng, *, samples, tokens, width):
    """Tokens with a few large channels, and conditions."""
    x = rng.standard_normal((samples * tokens, width), dtype=np.float32)
    x[:, rng.integers(0, width, 3)] *= 20
    return x, rng.standard_normal((samples, width), dtype=np.float32)
