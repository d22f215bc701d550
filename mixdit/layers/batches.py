"""Calling a model with a batch, and what it returns."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

Batch = Mapping[str, Any] | Sequence[Any]
"""Keyword arguments, or arguments, of a model."""


def _with_gradient(value: Any) -> Any:
    if isinstance(value, Tensor) and value.is_floating_point():
        return value.detach().clone().requires_grad_()
    return value


def call(model: nn.Module, batch: Batch, *, with_gradient: bool = False) -> Any:
    """What the model returns; ``with_gradient`` follows derivatives from its floating-point inputs on.

    Raises
    ------
    TypeError
        A batch that is neither a mapping nor a sequence.
    """
    prepare = _with_gradient if with_gradient else lambda value: value
    with torch.set_grad_enabled(with_gradient):
        if isinstance(batch, Mapping):
            return model(**{name: prepare(value) for name, value in batch.items()})
        if isinstance(batch, Sequence):
            return model(*(prepare(value) for value in batch))
    raise TypeError(f"a batch must be a mapping or a sequence of arguments, not {type(batch).__name__}")


def first_tensor(output: Any) -> Tensor:
    """The tensor in a model's output: itself, its first item, or its attribute ``sample`` in diffusers."""
    if isinstance(output, Tensor):
        return output
    found = output.sample if hasattr(output, "sample") else output[0]
    if not isinstance(found, Tensor):
        raise TypeError(f"the model's output must hold a tensor, not {type(found).__name__}")
    return found
