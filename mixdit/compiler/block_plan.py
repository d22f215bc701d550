"""The formats of every operand in a transformer block."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden import MX6, MX9, Format
from golden.engine import MIXABLE_FORMATS, MemoryFormat
from mixdit.compiler.block_weights import BlockWeights
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan

__all__ = ["LINEARS", "BlockPlan", "activation_format", "channel_order"]

LINEARS: Mapping[str, str] = {
    "modulation": "modulation",
    "qkv": "attention.qkv",
    "projection": "attention.projection",
    "fc1": "fc1",
    "fc2": "fc2",
}
"""The linear layers, with their paths in a `mixdit.digits.block.TransformerBlock`."""

ATTENTION = "attention.attend"


@dataclass(frozen=True, kw_only=True)
class BlockPlan:
    """Plans of a block's linear layers, and the formats of its heads.

    Parameters
    ----------
    modulation, qkv, projection, fc1, fc2:
        Formats of weights and activations, and the order of channels.
    attention:
        The formats of each head's q, k, p and v.
    """

    modulation: LinearPlan
    qkv: LinearPlan
    projection: LinearPlan
    fc1: LinearPlan
    fc2: LinearPlan
    attention: AttentionPlan

    @classmethod
    def uniform(
        cls, weights: BlockWeights, *, weight: Format = MX6, activation: Format = MX9, head: Format = MX9
    ) -> "BlockPlan":
        """All weights, all activations and all heads in one format each."""
        linears = {
            name: LinearPlan(
                in_features=getattr(weights, name).weight.shape[1],
                weight=weight,
                high=activation,
                low=activation,
            )
            for name in LINEARS
        }
        return cls(**linears, attention=AttentionPlan(heads=(HeadFormats.of(head),) * weights.heads))

    @classmethod
    def of(cls, plan: Plan, path: str, weights: BlockWeights) -> "BlockPlan":
        """What a model's plan says of the block at ``path``, such as ``"blocks.0"``.

        What it does not name is in MX9, weights too, the nearest to floating point that an engine has.
        """
        rest = cls.uniform(weights, weight=MX9, activation=MX9, head=MX9)
        linears = {
            name: plan.linears.get(f"{path}.{inner}", getattr(rest, name)) for name, inner in LINEARS.items()
        }
        return cls(**linears, attention=plan.attentions.get(f"{path}.{ATTENTION}", rest.attention))

    def check(self, weights: BlockWeights) -> None:
        """Raise ``ValueError`` for a plan of another block, or one that no engine can follow."""
        for name in LINEARS:
            linear: LinearPlan = getattr(self, name)
            features = getattr(weights, name).weight.shape[1]
            if linear.in_features != features:
                raise ValueError(f"{name}: the plan has {linear.in_features} channels, the layer {features}")
            try:
                activation_format(linear)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
        if len(self.attention.heads) != weights.heads:
            raise ValueError(f"the plan has {len(self.attention.heads)} heads, the attention {weights.heads}")


def activation_format(plan: LinearPlan) -> tuple[MemoryFormat, int]:
    """Format of a layer's activations in memory, and their leading MX9 blocks.

    Raises
    ------
    ValueError
        Formats that no row in memory has, or that are chosen at run time.
    """
    if plan.threshold is not None:
        raise ValueError("a threshold chooses formats at run time, which an engine cannot")
    blocks = len(plan.formats)
    if plan.high == plan.low or plan.high_blocks == 0:
        return MemoryFormat.of(plan.low), 0
    if plan.high_blocks == blocks:
        return MemoryFormat.of(plan.high), 0
    low = MemoryFormat.of(plan.low)
    if plan.high != MX9 or low not in MIXABLE_FORMATS:
        raise ValueError(
            f"a row is MX9 followed by MX6 or MX4, or in one format, not {plan.high} followed by {plan.low}"
        )
    return low, plan.high_blocks


def channel_order(plan: LinearPlan) -> NDArray[np.intp] | None:
    """Channel at each place along K, intp ``[in_features]``; None for the order they have."""
    return None if plan.permutation is None else np.array(plan.permutation, np.intp)
