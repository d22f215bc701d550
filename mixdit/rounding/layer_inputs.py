"""What a module of a model gets, without the rest of the pass."""

from typing import Any

import torch
from torch import Tensor, nn

from mixdit.layers.attention_sites import original_submodule
from mixdit.layers.batches import Batch, call

__all__ = ["Arguments", "layer_input", "module_arguments"]

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
"""Arguments of a call, by place and by keyword."""


class _Seen(Exception):  # noqa: N818
    """Ends a pass."""


def module_arguments(model: nn.Module, path: str, batch: Batch) -> Arguments:
    """What the module at ``path`` is called with first in a pass of ``model``; the pass ends there.

    Raises ``ValueError`` if the pass does not get there.
    """
    return _stopped(model, path, lambda: call(model, batch))


def layer_input(model: nn.Module, path: str, arguments: Arguments) -> Tensor:
    """The input ``[..., K]`` of the layer at ``path`` when ``model`` is called; the call ends there.

    Raises ``ValueError`` if the call does not get there.
    """
    args, kwargs = arguments
    (x, *_), _ = _stopped(model, path, lambda: model(*args, **kwargs))
    assert isinstance(x, Tensor)
    return x


@torch.no_grad()
def _stopped(model: nn.Module, path: str, run: Any) -> Arguments:
    found: list[Arguments] = []

    def keep(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        found.append((args, kwargs))
        raise _Seen

    handle = original_submodule(model, path).register_forward_pre_hook(keep, with_kwargs=True)
    try:
        run()
    except _Seen:
        return found[0]
    finally:
        handle.remove()
    raise ValueError(f"a pass of the model does not use {path!r}")
