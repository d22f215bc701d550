"""ViDiT-Q-MP: weight bits by layer and range of timesteps (Zhao et al., arXiv 2406.02540).

Every layer has its weights in 4 and in 8 bits, and may use the one or the other in each range of timesteps.
The layers that cost most in 4 bits get 8, until the average of the budget is reached. The paper compares
only layers that affect the same metric: visual quality, text alignment (cross-attention) or consistency in
time (temporal attention). A model for single images of a class has layers of the first kind only, so one
comparison is left, by the error of predicted noise.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mixdit.rivals.layers import quantized_linears, replace_layers
from mixdit.rivals.noise_error import predict, thin
from mixdit.rivals.plain import token_attention
from mixdit.rivals.statistics import Batch, RangesOf
from mixdit.rivals.timestep_groups import TimestepGroups
from mixdit.rivals.viditq import balance

__all__ = ["BUDGET_BITS", "allocate", "viditq_mp"]

LOW_BITS, HIGH_BITS = 4, 8
BUDGET_BITS = 5.0
"""Average bits of a weight, over layers and timesteps."""

TIMESTEP_RANGES = 2
SEARCH_TIMESTEPS = 4
SEARCH_IMAGES = 8


def viditq_mp(model: nn.Module, batches: Sequence[Batch], ranges: RangesOf | None = None) -> nn.Module:
    """Balance channels as ViDiT-Q does, choose weight bits, then quantize; activations have 8 bits.

    ``ranges`` are those of all layers on these batches, where they are known.
    """
    timesteps = sorted(int(batch[1][0]) for batch in batches)
    size = -(-len(timesteps) // TIMESTEP_RANGES)
    groups = TimestepGroups([timesteps[i] for i in range(size, len(timesteps), size)])
    balanced = balance(model, batches, ranges)
    switches = {
        name: _BitSwitch(layer.quantized(LOW_BITS), layer.quantized(HIGH_BITS), groups)
        for name, layer in balanced.items()
    }
    result = replace_layers(model, lambda name, layer: switches[name], lambda name: token_attention())
    groups.follow(result)

    sizes = {name: layer.weight.numel() for name, layer in quantized_linears(model).items()}
    costs = _costs(result, switches, thin(batches, SEARCH_TIMESTEPS, SEARCH_IMAGES), groups)
    for name, group in allocate(costs, sizes, len(groups)):
        switches[name].high[group] = True
    return result


class _BitSwitch(nn.Module):
    """A layer in two precisions; ``high`` says which one each group of timesteps uses."""

    def __init__(self, low: nn.Module, high: nn.Module, groups: TimestepGroups):
        super().__init__()
        self.layers = nn.ModuleList([low, high])
        self.high = [False] * len(groups)
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.layers[self.high[self.groups.current]](x)
        return result


def _costs(
    model: nn.Module, switches: dict[str, _BitSwitch], batches: Sequence[Batch], groups: TimestepGroups
) -> dict[tuple[str, int], float]:
    """Error that 4-bit weights of one layer add in one range of timesteps, all else in 8 bits."""
    membership = torch.tensor([groups.group(int(t[0])) for _, t, _ in batches])
    for switch in switches.values():
        switch.high = [True] * len(groups)
    reference = predict(model, batches)
    costs = {}
    for name, switch in switches.items():
        switch.high = [False] * len(groups)
        errors = (predict(model, batches) - reference).square().flatten(1).mean(1)
        switch.high = [True] * len(groups)
        for group in range(len(groups)):
            costs[name, group] = errors[membership == group].mean().item()
    for switch in switches.values():
        switch.high = [False] * len(groups)
    return costs


def allocate(
    costs: dict[tuple[str, int], float], sizes: dict[str, int], groups: int
) -> list[tuple[str, int]]:
    """The (layer, range of timesteps) pairs that get 8 bits: most error removed per weight first.

    Parameters
    ----------
    costs:
        Error of 4 bits for each pair.
    sizes:
        Weights of each layer.
    groups:
        Ranges of timesteps.
    """
    share = (BUDGET_BITS - LOW_BITS) / (HIGH_BITS - LOW_BITS)
    left = share * groups * sum(sizes.values())
    chosen = []
    for name, group in sorted(costs, key=lambda key: costs[key] / sizes[key[0]], reverse=True):
        if sizes[name] <= left:
            chosen.append((name, group))
            left -= sizes[name]
    return chosen
