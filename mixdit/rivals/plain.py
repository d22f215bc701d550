"""Plain integer quantization, the baselines that papers improve on."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from mixdit.layers.attention import QuantizedAttention
from mixdit.layers.linear import QuantizedLinear
from mixdit.rivals.integer import symmetric
from mixdit.rivals.layers import quantized_layers, replace_layers
from mixdit.rivals.static_range import StaticRange
from mixdit.rivals.static_scale import StaticScale
from mixdit.rivals.statistics import Batch, Ranges, RangesOf, collect_ranges
from mixdit.rivals.timestep_groups import TimestepGroups

__all__ = ["ACTIVATION_BITS", "per_tensor", "per_token", "static_activations", "token_attention"]

ACTIVATION_BITS = 8
"""Bits of activations, and of q, k, p and v, in every integer variant."""


def per_tensor(
    model: nn.Module, batches: Sequence[Batch], weight_bits: int, ranges: RangesOf | None = None
) -> nn.Module:
    """One scale per weight matrix; one scale per activation tensor, which calibration fixed (8 bits)."""
    weight = partial(symmetric, bits=weight_bits)
    return static_activations(model, batches, weight, TimestepGroups([]), StaticScale, ranges)


def per_token(model: nn.Module, weight_bits: int) -> nn.Module:
    """One scale per output channel of a weight; one scale per token, from its largest element (8 bits)."""
    weight = partial(symmetric, bits=weight_bits, dim=-1)
    activation = partial(symmetric, bits=ACTIVATION_BITS, dim=-1)
    return replace_layers(
        model,
        lambda name, layer: QuantizedLinear(layer, activation=activation, weight=weight),
        lambda name: token_attention(),
    )


def token_attention() -> nn.Module:
    """Attention with one scale per row of q, k, p and of v transposed."""
    row = partial(symmetric, bits=ACTIVATION_BITS, dim=-1)
    return QuantizedAttention(q=row, k=row, p=row, v=row)


def static_activations(
    model: nn.Module,
    batches: Sequence[Batch],
    weight: Callable[[Tensor], Tensor],
    groups: TimestepGroups,
    activation: type[StaticScale] | type[StaticRange],
    ranges: RangesOf | None = None,
) -> nn.Module:
    """Activations and attention operands (8 bits) by one range per tensor and group of timesteps.

    ``activation`` says whether symmetric or not; ``ranges`` are those of all layers on these batches, where
    they are known.
    """
    timesteps = [int(batch[1][0]) for batch in batches]
    ranges = ranges or collect_ranges(model, batches, quantized_layers(model))

    def linear(name: str, layer: nn.Linear) -> nn.Module:
        quantizer = activation(ranges[name][0], timesteps, ACTIVATION_BITS, groups)
        return QuantizedLinear(layer, activation=quantizer, weight=weight)

    def attention(name: str) -> nn.Module:
        # Probabilities are known to be 0 to 1.
        known = Ranges(torch.zeros(len(timesteps), 1), torch.ones(len(timesteps), 1))
        q, k, v, p = (activation(r, timesteps, ACTIVATION_BITS, groups) for r in (*ranges[name], known))
        return QuantizedAttention(q=q, k=k, p=p, v=v)

    return replace_layers(model, linear, attention)
