"""What a model is called with while a pipeline samples."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

__all__ = ["Passes"]


class Passes:
    """Keeps the arguments of a model's passes.

    Parameters
    ----------
    advance:
        Called in each pass.

    ``kwargs`` are the arguments, all by keyword, as pipelines give them.
    """

    def __init__(self, advance: Callable[[], None] = lambda: None) -> None:
        self.advance = advance
        self.kwargs: list[dict[str, Any]] = []

    @contextmanager
    def watch(self, model: nn.Module) -> Iterator[None]:
        """While active, passes of ``model`` are kept."""
        handle = model.register_forward_pre_hook(self._keep, with_kwargs=True)
        try:
            yield
        finally:
            handle.remove()

    def draw(self, number: int, seed: int) -> Sequence[dict[str, Any]]:
        """So many of them at random, or all if there are fewer, in the order in which they were kept."""
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(len(self.kwargs), generator=generator)[:number]
        return [self.kwargs[i] for i in sorted(chosen.tolist())]

    def _keep(self, model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        names = inspect.signature(model.forward).bind(*args, **kwargs).arguments
        self.kwargs.append(dict(names))
        self.advance()
