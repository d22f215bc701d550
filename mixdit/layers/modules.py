"""Checking models, copying them, and exchanging their modules."""

import copy
from typing import TypeVar

from torch import nn

Model = TypeVar("Model", bound=nn.Module)


def check_finite(model: nn.Module) -> None:
    """Raise ValueError, naming the first, unless all parameters and buffers with values are finite."""
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        wrong = 0 if tensor.is_meta else int((~tensor.detach().isfinite()).sum())
        if wrong:
            raise ValueError(f"{name} must be finite, and {wrong} of {tensor.numel()} values are not")


def copy_structure(model: Model) -> Model:
    """A copy of the modules that shares parameters and buffers with ``model``."""
    shared = {id(t): t for t in (*model.parameters(), *model.buffers())}
    return copy.deepcopy(model, shared)


def replace_module(model: nn.Module, path: str, module: nn.Module) -> None:
    """Put ``module`` at the place ``path`` of ``model``, and wherever else the one that is there stands.

    Raises ``AttributeError`` if there is none.
    """
    old = model.get_submodule(path)
    places = [(parent, name) for parent in model.modules() for name, m in parent._modules.items() if m is old]
    for parent, name in places:
        setattr(parent, name, module)
