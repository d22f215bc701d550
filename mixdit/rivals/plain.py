"""Plain integer quantization, the baselines that papers improve on."""

from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor, nn

from mixdit.layers.attention import QuantizedAttention
from mixdit.layers.linear import QuantizedLinear
from mixdit.rivals.integer import symmetric
from mixdit.rivals.layers import quantized_layers, replace_layers
from mixdit.rivals.static_scale import StaticScale
from mixdit.rivals.statistics import Batch, RangesOf, collect_ranges
from mixdit.rivals.timestep_groups import TimestepGroups

__all__ = ["ATTENTION_BITS", "per_tensor", "per_token", "static_activations", "token_attention"]

ATTENTION_BITS = 8
"""Bits of q, k, p and v in every integer variant."""


def per_tensor(
    model: nn.Module, batches: Sequence[Batch], weight_bits: int, ranges: RangesOf | None = None
) -> nn.Module:
    """One scale per weight matrix; one scale per activation tensor, which calibration fixed (8 bits)."""
    weight = partial(symmetric, bits=weight_bits)
    return static_activations(model, batches, weight, TimestepGroups([]), activation_bits=8, ranges=ranges)


def per_token(model: nn.Module, weight_bits: int) -> nn.Module:
    """One scale per output channel of a weight; one scale per token, from its largest element (8 bits)."""
    weight = partial(symmetric, bits=weight_bits, dim=-1)
    activation = partial(symmetric, bits=8, dim=-1)
    return replace_layers(
        model,
        lambda name, layer: QuantizedLinear(layer, activation=activation, weight=weight),
        lambda name: token_attention(),
    )


def token_attention() -> nn.Module:
    """Attention with one scale per row of q, k, p and of v transposed."""
    row = partial(symmetric, bits=ATTENTION_BITS, dim=-1)
    return QuantizedAttention(q=row, k=row, p=row, v=row)


def static_activations(
    model: nn.Module,
    batches: Sequence[Batch],
    weight: Callable[[Tensor], Tensor],
    groups: TimestepGroups,
    activation_bits: int,
    ranges: RangesOf | None = None,
) -> nn.Module:
    """Activations and attention operands by one scale per tensor and group of timesteps.

    ``ranges`` are those of all layers on these batches, where they are known.
    """
    timesteps = [int(batch[1][0]) for batch in batches]
    ranges = ranges or collect_ranges(model, batches, quantized_layers(model))

    def linear(name: str, layer: nn.Linear) -> nn.Module:
        scale = StaticScale(ranges[name][0], timesteps, activation_bits, groups)
        return QuantizedLinear(layer, activation=scale, weight=weight)

    def attention(name: str) -> nn.Module:
        q, k, v = (StaticScale(r, timesteps, ATTENTION_BITS, groups) for r in ranges[name])
        return QuantizedAttention(q=q, k=k, p=_probabilities, v=v)

    return replace_layers(model, linear, attention)


def _probabilities(p: Tensor) -> Tensor:
    """Quantize over the range that probabilities have, 0 to 1."""
    return symmetric(p, ATTENTION_BITS, scale=p.new_tensor(1 / (2 ** (ATTENTION_BITS - 1) - 1)))
