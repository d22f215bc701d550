"""Finds attention that is computed where it cannot be replaced."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from mixdit.layers.attention import ScaledDotProductAttention

__all__ = ["STRAY", "stray_attention"]

STRAY = "attends by scaled_dot_product_attention, but is no attention that can be replaced"


class _Watch(TorchFunctionMode):
    def __init__(self, found: dict[str, str]) -> None:
        super().__init__()
        self.found = found
        self.calls: list[tuple[str, nn.Module]] = []

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is functional.scaled_dot_product_attention and self.calls:
            path, module = self.calls[-1]
            if not isinstance(module, ScaledDotProductAttention):
                self.found[path] = STRAY
        return function(*args, **(kwargs or {}))


@contextmanager
def stray_attention(model: nn.Module, found: dict[str, str]) -> Iterator[None]:
    """While active, modules of ``model`` that call ``scaled_dot_product_attention`` themselves are found.

    `ScaledDotProductAttention` may call it. The reason why they cannot be quantized joins ``found`` by path.
    """
    watch = _Watch(found)

    def end(module: nn.Module, args: Any, output: Any) -> None:
        if (
            watch.calls and watch.calls[-1][1] is module
        ):  # not if an earlier hook ended the call with an error
            watch.calls.pop()

    handles = []
    for path, module in model.named_modules():
        handles.append(
            module.register_forward_pre_hook(lambda m, args, path=path: watch.calls.append((path, m)))
        )
        handles.append(module.register_forward_hook(end, always_call=True))
    try:
        with watch:
            yield
    finally:
        for handle in handles:
            handle.remove()
