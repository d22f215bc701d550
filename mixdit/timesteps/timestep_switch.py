"""Layers that change with the timestep."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from torch import nn

from mixdit.plan.timestep_plan import TimestepPlan
from mixdit.state import Planned, has_state_of
from mixdit.timesteps.timesteps import find_timesteps

__all__ = ["TimestepSwitch", "one_or_switch", "switch_by_timestep"]


class TimestepSwitch(Planned):
    """Alternatives of a layer, one of them active; all have the same state, that of the layer.

    Parameters
    ----------
    layers:
        One per plan of a `TimestepPlan`. ``active`` is the number of the one in use.
    """

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.active = 0
        self.planned = "by timestep"
        has_state_of(self, [f"layers.{i}" for i in range(len(layers))])

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """As the active layer."""
        return self.layers[self.active](*args, **kwargs)


def one_or_switch(layers: Sequence[nn.Module]) -> nn.Module:
    """The only layer, or a switch between several."""
    return layers[0] if len(layers) == 1 else TimestepSwitch(layers)


def switch_by_timestep(model: nn.Module, plan: TimestepPlan) -> None:
    """Let every call of ``model`` choose the layers for its timestep."""
    switches = [module for module in model.modules() if isinstance(module, TimestepSwitch)]
    model.register_forward_pre_hook(partial(_switch, plan, switches), with_kwargs=True)


def _switch(
    plan: TimestepPlan,
    switches: list[TimestepSwitch],
    model: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    timesteps = find_timesteps(model, args, kwargs)
    if timesteps is None:
        raise ValueError("a plan by timestep takes a model that is called with timesteps")
    numbers = {plan.index(t) for t in timesteps.flatten().tolist()}
    if len(numbers) != 1:
        raise ValueError(
            f"all timesteps of a call must lie in one range of the plan (bounds {plan.bounds}), "
            f"not {sorted(set(timesteps.flatten().tolist()))}"
        )
    for switch in switches:
        switch.active = numbers.copy().pop()
