"""The layers that every variant quantizes, and their replacement."""

from collections.abc import Callable

from torch import nn

from mixdit.layers.attention_sites import attention_sites
from mixdit.layers.quantizable import quantizable_linears
from mixdit.layers.quantize_model import copy_structure, replace_module

__all__ = ["quantized_attentions", "quantized_layers", "quantized_linears", "replace_layers"]

PER_IMAGE = "modulation"
"""In the name of layers of a block that see one vector per image, not one per token. They stay in floating
point in every variant, as do the layers outside the blocks: a negligible part of the work."""


def quantized_linears(model: nn.Module) -> dict[str, nn.Linear]:
    """Every linear layer that variants quantize, by name."""
    linears = quantizable_linears(model).items()
    return {name: layer for name, layer in linears if PER_IMAGE not in name}


def quantized_attentions(model: nn.Module) -> dict[str, nn.Module]:
    """Every attention, by name."""
    return attention_sites(model)


def quantized_layers(model: nn.Module) -> dict[str, nn.Module]:
    """Every linear layer and every attention, by name."""
    return {**quantized_linears(model), **quantized_attentions(model)}


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
