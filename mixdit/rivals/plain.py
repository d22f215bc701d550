"""Plain integer quantization, the baselines that papers improve on."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import nn

from mixdit.layers.attention import QuantizedAttention
from mixdit.layers.linear import QuantizedLinear
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.integer import symmetric
from mixdit.rivals.layers import replace_layers
from mixdit.rivals.static_scale import StaticScale
from mixdit.rivals.statistics import Ranges
from mixdit.rivals.timestep_groups import TimestepGroups

__all__ = ["ACTIVATION_BITS", "per_tensor", "per_token", "probability_range", "token_attention"]

ACTIVATION_BITS = 8
"""Bits of activations, and of q, k, p and v, in every integer variant."""


def per_tensor(c: Calibration, weight_bits: int) -> nn.Module:
    """One scale per weight matrix; one scale per activation tensor, which calibration fixed (8 bits)."""
    groups = TimestepGroups([])
    weight = partial(symmetric, bits=weight_bits)

    def quantizer(ranges: Ranges) -> StaticScale:
        return StaticScale(ranges, c.timesteps, ACTIVATION_BITS, groups)

    def attention(name: str) -> nn.Module:
        q, k, v, p = map(quantizer, (*c.ranges[name], probability_range(c.timesteps)))
        return QuantizedAttention(q=q, k=k, p=p, v=v)

    return replace_layers(
        c.model,
        c.layers,
        lambda name, layer: QuantizedLinear(layer, activation=quantizer(c.ranges[name][0]), weight=weight),
        attention,
    )


def per_token(c: Calibration, weight_bits: int) -> nn.Module:
    """One scale per output channel of a weight; one scale per token, from its largest element (8 bits)."""
    weight = partial(symmetric, bits=weight_bits, dim=-1)
    activation = partial(symmetric, bits=ACTIVATION_BITS, dim=-1)
    return replace_layers(
        c.model,
        c.layers,
        lambda name, layer: QuantizedLinear(layer, activation=activation, weight=weight),
        lambda name: token_attention(),
    )


def probability_range(timesteps: Sequence[float]) -> Ranges:
    """That of p, known to be 0 to 1."""
    return Ranges(torch.zeros(len(timesteps), 1), torch.ones(len(timesteps), 1))


def token_attention() -> nn.Module:
    """Attention with one scale per row of q, k, p and of v transposed."""
    row = partial(symmetric, bits=ACTIVATION_BITS, dim=-1)
    return QuantizedAttention(q=row, k=row, p=row, v=row)
