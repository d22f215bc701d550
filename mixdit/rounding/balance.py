"""Channels shifted and scaled so that blocks hold them with less error, at no cost when the model runs.

A linear layer ``W x + b`` is rewritten as ``(W diag(s)) ((x - z) / s) + (b + W z)``, and what makes ``x``
makes ``(x - z) / s`` by other parameters of its own: the layer whose outputs modulate a norm, or the one that
makes an attention's values, as rows of probabilities sum to 1. The model stays the same function.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from mixdit.layers.balanced import balanced_layers, digests_of, note_balanced
from mixdit.layers.batches import Batch, call
from mixdit.layers.modules import Model, copy_structure, replace_module
from mixdit.layers.quantizable import refusal

__all__ = ["EXPONENT", "balance", "check_balanceable"]

EXPONENT = 0.3
"""Of a channel's spread in its scale; the rest is that of its weights' size, inverted. Half and half, as for
integers with a scale per token, takes from plans with a share of MX9 more than it gives to other blocks."""

_LEAST = 1e-12


@dataclass(frozen=True)
class _Rows:
    """The part of a layer's outputs that acts on the channels.

    Parameters
    ----------
    layer:
        Its path.
    first:
        The first of as many rows as there are channels.
    factor:
        Whether channels are multiplied by 1 plus these outputs; otherwise these are added.
    """

    layer: str
    first: int
    factor: bool = False


@dataclass(frozen=True)
class _Source:
    """What makes an input, and the paths of the layers that read it."""

    makers: tuple[_Rows, ...]
    readers: tuple[str, ...]

    @property
    def layers(self) -> set[str]:
        """Paths of all layers that change."""
        return {*self.readers, *(rows.layer for rows in self.makers)}


def balance(model: Model, batches: Sequence[Batch], exponent: float = EXPONENT) -> Model:
    """The same function with balanced channels, wherever something can absorb that.

    Parameters
    ----------
    model:
        A `DigitsTransformer`, or a transformer of diffusers: DiT, Stable Diffusion 3, or PixArt, whose norms
        absorb nothing, as they have one modulation for all blocks. In floating point; it is left as it is,
        and shares all other layers with the copy.
    batches:
        Arguments of the model, over many timesteps.
    exponent:
        See `EXPONENT`, 0 to 1.

    Returns
    -------
    A model of the same class, on which `mixdit.layers.balanced` has noted the layers that changed. A reader
    without a bias has its channels scaled, not shifted. Layers that do more than multiply, by a hook say, and
    those that would change with them, stay as they are.

    Raises
    ------
    ValueError
        No batch, an exponent out of range, or a model without such blocks.
    """
    if not batches:
        raise ValueError("batches must hold at least 1 batch, not 0")
    if not 0 <= exponent <= 1:
        raise ValueError(f"exponent must be 0 to 1, not {exponent!r}")
    sources = _sources_of(model)
    moments = _moments(model, batches, [source.readers[0] for source in sources])
    result = copy_structure(model)
    for source in sources:
        _rewrite(result, source, *moments[source.readers[0]], exponent)
    changed = sorted(balanced_layers(model).keys() | {path for source in sources for path in source.layers})
    note_balanced(result, digests_of(result, changed))
    return result


def check_balanceable(model: nn.Module) -> None:
    """Raise the ValueError that `balance` would for this model, without a batch."""
    _sources_of(model)


def _sources_of(model: nn.Module) -> list[_Source]:
    plain = {path for path, m in model.named_modules() if isinstance(m, nn.Linear) and refusal(m) is None}
    found = [source for path, block in model.named_modules() for source in _sources(path, block)]
    found = [source for source in found if source.layers <= plain]
    if not found:
        raise ValueError(
            f"channels cannot be balanced: a {type(model).__name__} has no block whose norms or values can "
            "absorb a scale"
        )
    return found


def _sources(path: str, block: nn.Module) -> list[_Source]:
    kind = f"{type(block).__module__}.{type(block).__qualname__}"
    return _KINDS[kind](path, block) if kind in _KINDS else []


def _digits(path: str, block: Any) -> list[_Source]:
    width = block.attention.qkv.in_features
    modulated = partial(_modulated, f"{path}.modulation", width)
    return [
        modulated(0, f"{path}.attention.qkv"),
        modulated(3, f"{path}.fc1"),
        _Source((_Rows(f"{path}.attention.qkv", 2 * width),), (f"{path}.attention.projection",)),
    ]


def _dit(path: str, block: Any) -> list[_Source]:
    found = []
    if hasattr(block.norm1, "linear"):
        found += _norms(path, block, "norm1", "attn1", "ff")
    for attention in ("attn1", "attn2"):
        if getattr(block, attention, None) is not None:
            found.append(_values(path, attention, ("to_v",), ("to_out.0",)))
    return found


def _joint(path: str, block: Any) -> list[_Source]:
    if block.use_dual_attention:
        return []
    found = _norms(path, block, "norm1", "attn", "ff")
    if block.context_pre_only:
        readers = ("add_k_proj", "add_v_proj")
        norm = f"{path}.norm1_context.linear"
        width = block.norm1_context.linear.in_features
        makers = (_Rows(norm, width), _Rows(norm, 0, factor=True))
        found.append(_Source(makers, tuple(f"{path}.attn.{name}" for name in readers)))
        outputs: tuple[str, ...] = ("to_out.0",)
    else:
        added = ("add_q_proj", "add_k_proj", "add_v_proj")
        found += _norms(path, block, "norm1_context", "attn", "ff_context", added)
        outputs = ("to_out.0", "to_add_out")
    return [*found, _values(path, "attn", ("to_v", "add_v_proj"), outputs)]


def _norms(
    path: str,
    block: Any,
    norm: str,
    attention: str,
    perceptron: str,
    queries: Sequence[str] = ("to_q", "to_k", "to_v"),
) -> list[_Source]:
    layer = f"{path}.{norm}.linear"
    modulated = partial(_modulated, layer, block.get_submodule(norm).linear.in_features)
    return [
        modulated(0, *(f"{path}.{attention}.{name}" for name in queries)),
        modulated(3, f"{path}.{perceptron}.net.0.proj"),
    ]


def _modulated(layer: str, width: int, shift: int, *readers: str) -> _Source:
    """Of a norm whose shift, and then its factor, are parts of a layer's outputs from number ``shift`` on."""
    makers = (_Rows(layer, shift * width), _Rows(layer, (shift + 1) * width, factor=True))
    return _Source(makers, readers)


def _values(path: str, attention: str, values: Sequence[str], outputs: Sequence[str]) -> _Source:
    makers = tuple(_Rows(f"{path}.{attention}.{name}", 0) for name in values)
    return _Source(makers, tuple(f"{path}.{attention}.{name}" for name in outputs))


_KINDS: Mapping[str, Callable[[str, Any], list[_Source]]] = {
    "mixdit.digits.block.TransformerBlock": _digits,
    "diffusers.models.attention.BasicTransformerBlock": _dit,
    "diffusers.models.attention.JointTransformerBlock": _joint,
}
"""By the class of a block, its sources."""


@torch.no_grad()
def _moments(
    model: nn.Module, batches: Sequence[Batch], paths: Sequence[str]
) -> dict[str, tuple[Tensor, Tensor]]:
    """Mean, and mean square, of the channels of these layers' inputs: float64 ``[channels]``."""
    sums: dict[str, list[Any]] = {path: [0, 0, 0] for path in paths}

    def see(path: str, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x, held = inputs[0].flatten(0, -2).double(), sums[path]
        for i, more in enumerate((len(x), x.sum(0), x.square().sum(0))):
            held[i] = held[i] + more

    hooks = [model.get_submodule(path).register_forward_pre_hook(partial(see, path)) for path in paths]
    try:
        for batch in batches:
            call(model, batch)
    finally:
        for hook in hooks:
            hook.remove()
    return {path: (first / count, second / count) for path, (count, first, second) in sums.items()}


def _rewrite(model: nn.Module, source: _Source, mean: Tensor, square: Tensor, exponent: float) -> None:
    readers: list[Any] = [model.get_submodule(path) for path in source.readers]
    shift = mean if all(reader.bias is not None for reader in readers) else torch.zeros_like(mean)
    spread = (square - 2 * shift * mean + shift.square()).clamp_min(_LEAST).sqrt()
    weights = torch.cat([reader.weight.detach().double() for reader in readers])
    scale = spread**exponent / weights.square().mean(0).sqrt().clamp_min(_LEAST) ** (1 - exponent)
    scale = scale / scale.log().mean().exp()
    for path, reader in zip(source.readers, readers, strict=True):
        weight = reader.weight.detach().double()
        bias = None if reader.bias is None else reader.bias.detach().double() + weight @ shift
        replace_module(model, path, _layer(reader, weight * scale, bias))
    for rows in source.makers:
        layer: Any = model.get_submodule(rows.layer)
        part = slice(rows.first, rows.first + len(scale))
        weight = layer.weight.detach().double().clone()
        bias = torch.zeros_like(weight[:, 0]) if layer.bias is None else layer.bias.detach().double().clone()
        weight[part] /= scale[:, None]
        bias[part] = (1 + bias[part]) / scale - 1 if rows.factor else (bias[part] - shift) / scale
        has_bias = layer.bias is not None or bool(bias.any())
        replace_module(model, rows.layer, _layer(layer, weight, bias if has_bias else None))


def _layer(like: nn.Module, weight: Tensor, bias: Tensor | None) -> nn.Linear:
    rows, channels = weight.shape
    given = like.weight
    assert isinstance(given, Tensor)
    layer = nn.Linear(channels, rows, bias=bias is not None, device=given.device, dtype=given.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight)
        if bias is not None:
            layer.bias.copy_(bias)
    return layer.requires_grad_(given.requires_grad).train(like.training)
