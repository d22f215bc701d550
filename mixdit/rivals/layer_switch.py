"""A layer in several forms, one of which each group of timesteps uses."""

from collections.abc import Sequence

from torch import Tensor, nn

from mixdit.rivals.timestep_groups import TimestepGroups

__all__ = ["LayerSwitch"]


class LayerSwitch(nn.Module):
    """``layers[chosen[group]](x)``.

    Parameters
    ----------
    layers:
        The forms.
    chosen:
        Which one each group uses; may change later.
    groups:
        Says which group the model is in.
    """

    def __init__(self, layers: Sequence[nn.Module], chosen: Sequence[int], groups: TimestepGroups):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.chosen = list(chosen)
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.layers[self.chosen[self.groups.current]](x)
        return result
