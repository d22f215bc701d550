"""Which layers of a model have balanced channels, noted on the model itself.

Weights for balanced channels in a model without them, or the other way round, would be another function, and
nothing in their shapes tells. So `mixdit.rounding.balance` notes on the model what it changed, plans take
that over, and whoever brings a plan and a model together compares.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from mixdit.layers.modules import Model, copy_structure, replace_module
from mixdit.plan.plan import Plan
from mixdit.plan.timestep_plan import TimestepPlan

__all__ = [
    "balanced_layers",
    "check_balanced",
    "digest_of",
    "digests_of",
    "note_balanced",
    "plan_of_balanced",
    "with_balanced",
]

_NOTE = "mixdit_balanced"
"""An attribute: copies of a model have it too, its state does not."""


def digest_of(weight: Tensor, bias: Tensor | None) -> str:
    """Of a layer's parameters, type and all: 16 hexadecimal digits."""
    found = hashlib.sha256()
    for tensor in (weight, bias):
        if tensor is None:
            found.update(b"none")
        else:
            found.update(f"{tensor.dtype} {list(tensor.shape)}".encode())
            found.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()[:16]


def digests_of(model: nn.Module, paths: Iterable[str]) -> dict[str, str]:
    """`digest_of` of layers of a model, by path."""
    layers: dict[str, Any] = {path: model.get_submodule(path) for path in paths}
    return {path: digest_of(layer.weight, layer.bias) for path, layer in layers.items()}


def note_balanced(model: nn.Module, layers: Mapping[str, str]) -> None:
    """Note that these layers of ``model``, by path with `digest_of` each, are balanced; none: forget it."""
    setattr(model, _NOTE, dict(layers))


def balanced_layers(model: nn.Module) -> Mapping[str, str]:
    """What `note_balanced` noted; empty for any other model."""
    found: Mapping[str, str] = getattr(model, _NOTE, {})
    return found


def with_balanced(model: Model, layers: Mapping[str, nn.Linear]) -> Model:
    """A copy of a model with balanced layers, by path, in place of its own; it shares all others.

    Raises
    ------
    ValueError
        A model that has no linear layer of that name and size.
    """
    result = copy_structure(model)
    linears = {path: m for path, m in result.named_modules() if isinstance(m, nn.Linear)}
    for path, layer in layers.items():
        if path not in linears or linears[path].weight.shape != layer.weight.shape:
            rows, channels = layer.weight.shape
            raise ValueError(f"{path!r} must be a linear layer of {channels} channels and {rows} outputs")
        replace_module(result, path, layer)
    note_balanced(result, digests_of(result, layers))
    return result


def plan_of_balanced(plan: Plan | TimestepPlan, layers: Mapping[str, str]) -> Plan | TimestepPlan:
    """The plan, with a note of the balanced layers of the model that it is of, see `balanced_layers`."""
    if isinstance(plan, TimestepPlan):
        return replace(plan, plans=tuple(replace(each, balanced=layers) for each in plan.plans))
    return replace(plan, balanced=layers)


def check_balanced(model: nn.Module, plan: Plan | TimestepPlan) -> None:
    """Raise ValueError if ``plan`` is of balanced channels, and those of ``model`` are not, or otherwise."""
    if not plan.balanced or plan.balanced == balanced_layers(model):
        return
    how = "balanced otherwise" if balanced_layers(model) else "not balanced"
    raise ValueError(
        f"the plan is of a model with balanced channels ({next(iter(plan.balanced))} first), and this "
        f"model's are {how}: load the packed weights, or the balanced layers, that were written with the plan"
    )
