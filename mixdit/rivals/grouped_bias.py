"""A linear layer whose bias depends on the timestep."""

import torch
from torch import Tensor, nn

from mixdit.rivals.timestep_groups import TimestepGroups

__all__ = ["GroupedBias"]


class GroupedBias(nn.Module):
    """``linear(x) + bias[group]``.

    Parameters
    ----------
    layer:
        Gives the weight, and the bias of every group to begin with.
    groups:
        Says which group the model is in.
    """

    def __init__(self, layer: nn.Linear, groups: TimestepGroups):
        super().__init__()
        self.groups = groups
        self.linear = nn.Linear(layer.in_features, layer.out_features, bias=False)
        self.linear.weight = nn.Parameter(layer.weight.detach().clone(), requires_grad=False)
        self.register_buffer("bias", layer.bias.detach().expand(len(groups), -1).clone())

    def forward(self, x: Tensor) -> Tensor:
        return torch.add(self.linear(x), self.bias[self.groups.current])
