"""ViDiT-Q-MP: weight bits by layer and range of timesteps (Zhao et al., arXiv 2406.02540).

Every layer has its weights in 4 and in 8 bits, and may use the one or the other in each range of timesteps.
The layers that cost most in 4 bits get 8, until the average of the budget is reached. Only layers that affect
the same metric are compared, see `Metric`, each metric having the same budget. The cost is the error of
predicted noise for all of them, where the paper takes a score of images or videos for each.
"""

from collections.abc import Sequence
from enum import Enum

import torch
from torch import nn

from mixdit.layers.batches import Batch
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.layer_switch import LayerSwitch
from mixdit.rivals.layers import Layers, replace_layers
from mixdit.rivals.noise_error import predict, thin
from mixdit.rivals.plain import token_attention
from mixdit.rivals.statistics import timestep_of
from mixdit.rivals.timestep_groups import TimestepGroups, split_evenly
from mixdit.rivals.viditq import balance

__all__ = ["BUDGET_BITS", "Metric", "allocate", "viditq_mp"]

LOW_BITS, HIGH_BITS = 4, 8
LOW, HIGH = range(2)
"""Places of these in a switch."""

BUDGET_BITS = 5.0
"""Average bits of a weight, over layers and timesteps."""

TIMESTEP_RANGES = 2
SEARCH_TIMESTEPS = 4
SEARCH_IMAGES = 8


class Metric(Enum):
    """What a layer affects most."""

    TEXT_ALIGNMENT = "text"
    TIME_CONSISTENCY = "time"
    VISUAL_QUALITY = "picture"

    @classmethod
    def of(cls, path: str, layers: Layers) -> "Metric":
        """That of a linear layer: of cross-attention, of temporal blocks by their name, or all else."""
        if any(path.startswith(f"{attention}.") for attention in layers.crossing):
            return cls.TEXT_ALIGNMENT
        return cls.TIME_CONSISTENCY if TEMPORAL in path else cls.VISUAL_QUALITY


TEMPORAL = "temp"
"""In the names of layers over time, as diffusers and OpenSora have them."""


def viditq_mp(c: Calibration) -> nn.Module:
    """Balance channels as ViDiT-Q does, choose weight bits, then quantize; activations have 8 bits."""
    groups = split_evenly(c.timesteps, TIMESTEP_RANGES)
    switches = {
        name: LayerSwitch(
            [layer.quantized(bits) for bits in (LOW_BITS, HIGH_BITS)], [LOW] * len(groups), groups
        )
        for name, layer in balance(c).items()
    }
    result = replace_layers(
        c.model, c.layers, lambda name, layer: switches[name], lambda name: token_attention()
    )
    groups.follow(result)

    sizes = {name: layer.weight.numel() for name, layer in c.layers.linears.items()}
    metrics = {name: Metric.of(name, c.layers) for name in sizes}
    costs = _costs(result, switches, thin(c.model, c.batches, SEARCH_TIMESTEPS, SEARCH_IMAGES), groups)
    for name, group in allocate(costs, sizes, metrics, len(groups)):
        switches[name].chosen[group] = HIGH
    return result


def _costs(
    model: nn.Module, switches: dict[str, LayerSwitch], batches: Sequence[Batch], groups: TimestepGroups
) -> dict[tuple[str, int], float]:
    """Error that 4-bit weights of one layer add in one range of timesteps, all else in 8 bits."""
    membership = torch.tensor([groups.group(timestep_of(model, batch)) for batch in batches])
    for switch in switches.values():
        switch.chosen = [HIGH] * len(groups)
    reference = predict(model, batches)
    costs = {}
    for name, switch in switches.items():
        switch.chosen = [LOW] * len(groups)
        errors = (predict(model, batches) - reference).square().flatten(1).mean(1).cpu()
        switch.chosen = [HIGH] * len(groups)
        for group in range(len(groups)):
            seen = errors[membership == group]
            costs[name, group] = (seen if len(seen) else errors).mean().item()
    for switch in switches.values():
        switch.chosen = [LOW] * len(groups)
    return costs


def allocate(
    costs: dict[tuple[str, int], float], sizes: dict[str, int], metrics: dict[str, Metric], groups: int
) -> list[tuple[str, int]]:
    """The (layer, range of timesteps) pairs that get 8 bits: most error removed per weight first.

    Every metric has its own part of the budget.

    Parameters
    ----------
    costs:
        Error of 4 bits for each pair.
    sizes:
        Weights of each layer.
    metrics:
        What each layer affects.
    groups:
        Ranges of timesteps.
    """
    share = (BUDGET_BITS - LOW_BITS) / (HIGH_BITS - LOW_BITS)
    left = {
        metric: share * groups * sum(size for name, size in sizes.items() if metrics[name] == metric)
        for metric in Metric
    }
    chosen = []
    for name, group in sorted(costs, key=lambda key: costs[key] / sizes[key[0]], reverse=True):
        if sizes[name] <= left[metrics[name]]:
            chosen.append((name, group))
            left[metrics[name]] -= sizes[name]
    return chosen
