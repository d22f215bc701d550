"""The layers that every variant quantizes, and their replacement."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mixdit.layers.attention_sites import attention_sites, with_attention
from mixdit.layers.batches import Batch, call
from mixdit.layers.modules import copy_structure, replace_module
from mixdit.rivals.watch import watch_layers

__all__ = ["Layers", "find_layers", "replace_layers"]


@dataclass(frozen=True, eq=False)
class Layers:
    """What a model was seen to call.

    Parameters
    ----------
    linears:
        Linear layers that see tokens, by path. Those that see one vector per image, and those outside of the
        repeated blocks, stay in floating point in every variant: a negligible part of the work.
    heads:
        Heads of each attention, by path.
    crossing:
        Paths of the attentions whose keys come from other tokens than their queries: cross-attention. In
        joint attention all tokens ask.
    """

    linears: Mapping[str, nn.Linear]
    heads: Mapping[str, int]
    crossing: frozenset[str]


def find_layers(model: nn.Module, batch: Batch) -> Layers:
    """The layers of ``model``, in its order, that a pass on ``batch`` calls; ValueError if there are none."""
    inputs: dict[str, dict[int, int]] = {}
    heads: dict[str, int] = {}
    crossing: set[str] = set()

    def see_linear(path: str, x: Tensor) -> None:
        if x.ndim >= 3:
            inputs[path] = {id(x): x.shape[-2]}

    def see_attention(path: str, q: Tensor, k: Tensor, v: Tensor) -> None:
        heads[path] = q.shape[1]
        # All inputs of an attention live as long as it works: none takes the place of another.
        own = [seen for linear, seen in inputs.items() if linear.startswith(f"{path}.")]
        tokens = {number: count for seen in own for number, count in seen.items()}
        if len(tokens) > 1 and sum(tokens.values()) != q.shape[-2]:
            crossing.add(path)

    with torch.inference_mode(), watch_layers(model, see_linear, see_attention):
        call(model, batch)
    if not inputs:
        raise ValueError("the model has no linear layer in its blocks that sees tokens")
    linears = {path: m for path, m in model.named_modules() if path in inputs and isinstance(m, nn.Linear)}
    return Layers(linears, heads, frozenset(crossing))


def replace_layers(
    model: nn.Module,
    layers: Layers,
    linear: Callable[[str, nn.Linear], nn.Module],
    attention: Callable[[str], nn.Module],
) -> nn.Module:
    """A copy of ``model`` in which ``linear(name, layer)`` and ``attention(name)`` stand for its layers."""
    result = copy_structure(model)
    sites = attention_sites(result)
    for name, layer in layers.linears.items():
        replace_module(result, name, linear(name, layer))
    for name in layers.heads:
        replace_module(result, name, with_attention(sites[name], attention(name)))
    return result.eval()
