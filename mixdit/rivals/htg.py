"""HTG: channels shifted and scaled by groups of timesteps (Ding et al., arXiv 2503.06930).

A linear layer ``W x + b`` is rewritten as ``(W diag(s)) ((x - z_g) / s) + (b + W z_g)``: the shift z_g, per
channel and group g of timesteps, centres each channel; the scale s, per channel, evens the channels out.
Adjacent timesteps with similar shifts form a group. A neighbour produces ``(x - z_g) / s`` by itself: a norm
with its modulation, or the values of an attention before its output projection (rows of attention sum to 1),
see `mixdit.rivals.neighbours`. Behind activation functions and residual sums nobody can: those layers stay as
they are. All quantizers are asymmetric.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from mixdit.layers.attention import QuantizedAttention, ScaledDotProductAttention
from mixdit.layers.linear import QuantizedLinear
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.integer import TINY, asymmetric
from mixdit.rivals.layers import replace_layers
from mixdit.rivals.neighbours import Neighbour, find_neighbours
from mixdit.rivals.plain import ACTIVATION_BITS, probability_range
from mixdit.rivals.shifted_linear import ShiftedLinear
from mixdit.rivals.shifted_values import ShiftedValues
from mixdit.rivals.static_range import StaticRange
from mixdit.rivals.statistics import Ranges
from mixdit.rivals.timestep_groups import TimestepGroups, cluster_adjacent

__all__ = ["htg", "reparameterize"]

GROUPS = 5
SCALE_MEMORY = 0.8
"""Decay of the moving average over timesteps that gives the scale: the best on calibration images."""


@dataclass(frozen=True, eq=False)
class _Parameters:
    """Shifts float32 ``[groups, channels]``, those of every timestep, and scale ``[channels]``."""

    shift: Tensor
    of_timesteps: Tensor
    scale: Tensor

    def ranges(self, ranges: Ranges) -> Ranges:
        """What ranges of the original channels become."""
        return Ranges(
            (ranges.low - self.of_timesteps) / self.scale, (ranges.high - self.of_timesteps) / self.scale
        )


@dataclass(frozen=True, eq=False)
class _Rewriting:
    """How a model is rewritten: by path of a linear layer, and of an attention."""

    groups: TimestepGroups
    linears: Mapping[str, tuple[_Parameters, bool]]
    attentions: Mapping[str, _Parameters]

    def linear(self, name: str, layer: nn.Linear) -> nn.Module:
        """The layer, rewritten if a neighbour helps."""
        if name not in self.linears:
            return layer
        parameters, arrives_shifted = self.linears[name]
        return ShiftedLinear(layer, parameters.shift, parameters.scale, self.groups, arrives_shifted)

    def attention(self, name: str, attention: ScaledDotProductAttention) -> nn.Module:
        """The attention, with shifted values if its output projection asks for them."""
        if name not in self.attentions:
            return attention
        parameters = self.attentions[name]
        return ShiftedValues(attention, parameters.shift, parameters.scale, self.groups)


def htg(c: Calibration, weight_bits: int) -> nn.Module:
    """Shift and scale, then quantize: weights per output channel, activations (8 bits) per tensor and group.

    Both are quantized between their least and their greatest value, as in the paper.
    """
    rewriting = _rewrite(c)
    weight = partial(asymmetric, bits=weight_bits)

    def quantizer(ranges: Ranges) -> StaticRange:
        return StaticRange(ranges, c.timesteps, ACTIVATION_BITS, rewriting.groups)

    def linear(name: str, layer: nn.Linear) -> nn.Module:
        (ranges,) = c.ranges[name]
        rewritten = rewriting.linear(name, layer)
        if isinstance(rewritten, ShiftedLinear):
            parameters, _ = rewriting.linears[name]
            return rewritten.quantize(quantizer(parameters.ranges(ranges)), weight)
        return QuantizedLinear(layer, activation=quantizer(ranges), weight=weight)

    def attention(name: str) -> nn.Module:
        q, k, v = c.ranges[name]
        if name in rewriting.attentions:
            v = rewriting.attentions[name].ranges(v)
        p = probability_range(c.timesteps)
        quantized = QuantizedAttention(q=quantizer(q), k=quantizer(k), p=quantizer(p), v=quantizer(v))
        return rewriting.attention(name, quantized)

    result = replace_layers(c.model, c.layers, linear, attention)
    rewriting.groups.follow(result)
    return result


def reparameterize(c: Calibration) -> tuple[nn.Module, TimestepGroups]:
    """The same function of a model shifted and scaled inside, in floating point, and its groups."""
    rewriting = _rewrite(c)
    result = replace_layers(
        c.model,
        c.layers,
        rewriting.linear,
        lambda name: rewriting.attention(name, ScaledDotProductAttention()),
    )
    rewriting.groups.follow(result)
    return result, rewriting.groups


def _rewrite(c: Calibration) -> _Rewriting:
    neighbours = find_neighbours(c.model, c.batches[0], c.layers)
    ranges = [_joined([c.ranges[name][0] for name in neighbour.layers]) for neighbour in neighbours]
    shifts = [(r.low + r.high) / 2 for r in ranges]
    # Every neighbour's shifts count alike in the distance between timesteps.
    normalized = [shift / shift.norm().clamp_min(TINY) for shift in shifts]
    vectors = torch.cat(normalized, dim=1).cpu().numpy() if normalized else torch.zeros(len(c.timesteps), 1)
    groups = cluster_adjacent(c.timesteps, vectors, GROUPS)
    membership = torch.tensor([groups.group(t) for t in c.timesteps])
    linears: dict[str, tuple[_Parameters, bool]] = {}
    attentions: dict[str, _Parameters] = {}
    for neighbour, range_, shift in zip(neighbours, ranges, shifts, strict=True):
        of_groups = torch.stack([shift[membership == g].mean(0) for g in range(len(groups))])
        scale = _scale(range_, _largest_weights(c, neighbour))
        parameters = _Parameters(of_groups, of_groups[membership], scale)
        linears |= dict.fromkeys(neighbour.layers, (parameters, neighbour.attention is not None))
        if neighbour.attention is not None:
            attentions[neighbour.attention] = parameters
    return _Rewriting(groups, linears, attentions)


def _joined(ranges: list[Ranges]) -> Ranges:
    """What holds all of them."""
    return Ranges(torch.stack([r.low for r in ranges]).amin(0), torch.stack([r.high for r in ranges]).amax(0))


def _largest_weights(c: Calibration, neighbour: Neighbour) -> Tensor:
    """Largest magnitude of the layers' weights for each input channel."""
    weights = [c.layers.linears[name].weight.detach() for name in neighbour.layers]
    return torch.cat(weights).abs().amax(0)


def _scale(ranges: Ranges, largest_weights: Tensor) -> Tensor:
    """``sqrt(max |x - z| / max |w|)`` per channel, the former averaged over timesteps in their order.

    Here z is the centre of each timestep's range, not of its group's.
    """
    spread = (ranges.high - ranges.low) / 2
    average = spread[0]
    for values in spread[1:]:
        average = SCALE_MEMORY * average + (1 - SCALE_MEMORY) * values
    scale = (average.clamp_min(TINY) / largest_weights.clamp_min(TINY)).sqrt()
    return scale / scale.log().mean().exp()
