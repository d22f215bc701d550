"""Calls of planned layers, seen while a model runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from mixdit.layers.attention import MXAttention
from mixdit.layers.linear import MXLinear

__all__ = ["watched"]


@contextmanager
def watched(
    model: nn.Module,
    see_linear: Callable[[MXLinear, tuple[Tensor, ...]], None],
    see_attention: Callable[[MXAttention, tuple[Tensor, ...]], None],
) -> Iterator[None]:
    """Have every linear layer and attention on blocks seen with its inputs, before each of its passes."""
    handles = []
    for module in model.modules():
        if isinstance(module, MXLinear):
            handles.append(module.register_forward_pre_hook(see_linear))
        elif isinstance(module, MXAttention):
            handles.append(module.register_forward_pre_hook(see_attention))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
