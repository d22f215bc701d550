"""HTG: channels shifted and scaled by groups of timesteps (Ding et al., arXiv 2503.06930).

A linear layer ``W x + b`` is rewritten as ``(W diag(s)) ((x - z_g) / s) + (b + W z_g)``: the shift z_g, per
channel and group g of timesteps, centres each channel; the scale s, per channel, evens the channels out.
Adjacent timesteps with similar shifts form a group. A neighbour produces ``(x - z_g) / s`` by itself:
adaptive normalization before qkv and fc1, the value rows of qkv before the projection (rows of attention
sum to 1). Before fc2 is GELU, which cannot: fc2 stays as it is. All quantizers are asymmetric.
"""

import copy
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from mixdit.digits.block import TransformerBlock
from mixdit.rivals.grouped_bias import GroupedBias
from mixdit.rivals.integer import TINY, asymmetric
from mixdit.rivals.layers import quantized_linears
from mixdit.rivals.plain import static_activations
from mixdit.rivals.static_range import StaticRange
from mixdit.rivals.statistics import Batch, Ranges, RangesOf, collect_ranges
from mixdit.rivals.timestep_groups import TimestepGroups, cluster_adjacent

__all__ = ["htg", "reparameterize"]

GROUPS = 5
SCALE_MEMORY = 0.8
"""Decay of the moving average over timesteps that gives the scale: the best on calibration images."""


def htg(
    model: nn.Module, batches: Sequence[Batch], weight_bits: int, ranges: RangesOf | None = None
) -> nn.Module:
    """Shift and scale, then quantize: weights per output channel, activations (8 bits) per tensor and group.

    Both are quantized between their least and their greatest value, as in the paper. ``model`` is a
    `DigitsTransformer`; ``batches`` go from noise to image. ``ranges`` are those of all its layers on these
    batches, where they are known.
    """
    rewritten, groups = reparameterize(model, batches, ranges)
    weight = partial(asymmetric, bits=weight_bits)
    return static_activations(rewritten, batches, weight, groups, activation=StaticRange)


def reparameterize(
    model: nn.Module, batches: Sequence[Batch], known: RangesOf | None = None
) -> tuple[nn.Module, TimestepGroups]:
    """The same function of a shifted and scaled inside: a model in floating point, and its groups."""
    timesteps = [int(batch[1][0]) for batch in batches]
    linears = {n: layer for n, layer in quantized_linears(model).items() if n.endswith(_REWRITTEN)}
    observed = known or collect_ranges(model, batches, linears)
    ranges = {name: observed[name][0] for name in linears}
    shifts = {name: (r.low + r.high) / 2 for name, r in ranges.items()}
    # Every layer's shifts count alike in the distance between timesteps.
    normalized = [shift / shift.norm().clamp_min(TINY) for shift in shifts.values()]
    groups = cluster_adjacent(timesteps, torch.cat(normalized, dim=1).numpy(), GROUPS)
    membership = torch.tensor([groups.group(t) for t in timesteps])

    def parameters(name: str) -> tuple[Tensor, Tensor]:
        shift = torch.stack([shifts[name][membership == g].mean(0) for g in range(len(groups))])
        return shift, _scale(ranges[name], linears[name].weight)

    result = copy.deepcopy(model)
    for index, block in enumerate(result.blocks):
        _rewrite(block, {name: parameters(f"blocks.{index}.{name}") for name in _REWRITTEN}, groups)
    groups.follow(result)
    return result.eval(), groups


_REWRITTEN = ("attention.qkv", "attention.projection", "fc1")
"""Layers whose input a neighbour can shift and scale."""


def _scale(ranges: Ranges, weight: Tensor) -> Tensor:
    """``sqrt(max |x - z| / max |w|)`` per channel, the former averaged over timesteps in their order.

    Here z is the centre of each timestep's range, not of its group's.
    """
    spread = (ranges.high - ranges.low) / 2
    average = spread[0]
    for values in spread[1:]:
        average = SCALE_MEMORY * average + (1 - SCALE_MEMORY) * values
    scale = (average.clamp_min(TINY) / weight.abs().amax(0).clamp_min(TINY)).sqrt()
    return scale / scale.log().mean().exp()


def _rewrite(
    block: TransformerBlock, parameters: dict[str, tuple[Tensor, Tensor]], groups: TimestepGroups
) -> None:
    """Absorb shifts ``[groups, K]`` and scales ``[K]`` of the block's layers into the block."""
    attention = block.attention
    modulation = GroupedBias(block.modulation, groups)
    layers = {name: GroupedBias(block.get_submodule(name), groups) for name in _REWRITTEN}
    for name, (shift, scale) in parameters.items():
        layers[name].bias += shift @ layers[name].linear.weight.T
        layers[name].linear.weight *= scale

    rows = dict(zip(_MODULATION, modulation.linear.weight.chunk(6), strict=True))
    biases = dict(zip(_MODULATION, modulation.bias.chunk(6, dim=1), strict=True))
    for name, suffix in (("attention.qkv", "1"), ("fc1", "2")):
        shift, scale = parameters[name]
        for part in ("shift", "scale"):
            rows[part + suffix] /= scale[:, None]
        biases["shift" + suffix].sub_(shift).div_(scale)
        # The block multiplies by 1 + this.
        biases["scale" + suffix].add_(1).div_(scale).sub_(1)

    shift, scale = parameters["attention.projection"]
    values = layers["attention.qkv"]
    values.linear.weight.chunk(3)[2].div_(scale[:, None])
    values.bias.chunk(3, dim=1)[2].sub_(shift).div_(scale)

    block.modulation = modulation
    attention.qkv, attention.projection = layers["attention.qkv"], layers["attention.projection"]
    block.fc1 = layers["fc1"]


_MODULATION = ("shift1", "scale1", "gate1", "shift2", "scale2", "gate2")
