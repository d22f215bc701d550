"""The layers that every variant quantizes, and their replacement."""

from collections.abc import Callable, Iterator

from torch import nn

from dit.attention import ScaledDotProductAttention
from dit.quantize_model import copy_structure, replace_module

__all__ = ["is_quantized", "quantized_attentions", "quantized_linears", "replace_layers"]

BLOCKS = "blocks."
"""Name before every layer of a transformer block. Embeddings and the last layer stay in floating point."""


def is_quantized(name: str) -> bool:
    """True for the layers of transformer blocks."""
    return name.startswith(BLOCKS)


def quantized_linears(model: nn.Module) -> dict[str, nn.Linear]:
    """Every linear layer of the blocks, by name."""
    return dict(_of(model, nn.Linear))


def quantized_attentions(model: nn.Module) -> dict[str, ScaledDotProductAttention]:
    """Every attention of the blocks, by name."""
    return dict(_of(model, ScaledDotProductAttention))


def _of(model: nn.Module, kind: type[nn.Module]) -> Iterator[tuple[str, nn.Module]]:
    return (
        (name, module)
        for name, module in model.named_modules()
        if is_quantized(name) and isinstance(module, kind)
    )


def replace_layers(
    model: nn.Module,
    linear: Callable[[str, nn.Linear], nn.Module],
    attention: Callable[[str], nn.Module],
) -> nn.Module:
    """A copy of ``model`` in which ``linear(name, layer)`` and ``attention(name)`` stand for its layers."""
    result = copy_structure(model)
    for name, layer in quantized_linears(result).items():
        replace_module(result, name, linear(name, layer))
    for name in quantized_attentions(result):
        replace_module(result, name, attention(name))
    return result.eval()
