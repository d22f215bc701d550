"""Copying models and exchanging their modules."""

import copy
from typing import TypeVar

from torch import nn

Model = TypeVar("Model", bound=nn.Module)


def copy_structure(model: Model) -> Model:
    """A copy of the modules that shares parameters and buffers with ``model``."""
    shared = {id(t): t for t in (*model.parameters(), *model.buffers())}
    return copy.deepcopy(model, shared)


def replace_module(model: nn.Module, path: str, module: nn.Module) -> None:
    """Put ``module`` at the place ``path`` of ``model``."""
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, module)
