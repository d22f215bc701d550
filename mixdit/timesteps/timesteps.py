"""The timestep that a diffusion transformer is called with."""

import inspect
from typing import Any

from torch import Tensor, nn

TIMESTEPS = 1000
"""Timesteps of the models' training: 0 is the image, 999 noise."""

_NAMES = ("timestep", "timesteps", "t")


def find_timesteps(model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor | None:
    """The timesteps in a call ``model(*args, **kwargs)``, by the parameter's name, or None."""
    given = inspect.signature(model.forward).bind_partial(*args, **kwargs).arguments
    for name in _NAMES:
        if isinstance(given.get(name), Tensor):
            found: Tensor = given[name]
            return found
    return None
