"""What a layer of a model gets, without the rest of the pass."""

from typing import Any

import torch
from torch import Tensor, nn

from mixdit.calibration.batches import Batch, call

__all__ = ["layer_input"]


class _Seen(Exception):  # noqa: N818
    """Ends a pass."""


@torch.no_grad()
def layer_input(model: nn.Module, path: str, batch: Batch) -> Tensor:
    """The input of the layer at ``path`` in a pass of ``model``, ``[..., K]``; the pass ends there.

    Raises ``ValueError`` if the pass does not get there.
    """
    found: list[Tensor] = []

    def keep(module: nn.Module, args: tuple[Any, ...]) -> None:
        found.append(args[0].detach())
        raise _Seen

    handle = model.get_submodule(path).register_forward_pre_hook(keep)
    try:
        call(model, batch)
    except _Seen:
        return found[0]
    finally:
        handle.remove()
    raise ValueError(f"a pass of the model does not use {path!r}")
