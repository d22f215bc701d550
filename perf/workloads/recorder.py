"""A recorder of every operator that a network calls."""

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.module_tracker import ModuleTracker

from perf.workloads.kinds import is_free, kind_of, product_of, weight_of
from perf.workloads.operation import Operation

__all__ = ["Recorder"]

_ATTENTION = functional.scaled_dot_product_attention


class Recorder:
    """A context in which every operator is recorded, and attention taken apart.

    ``scaled_dot_product_attention`` is made of its two products and a softmax whatever the device has for it;
    its result is the same. The fast path of ``nn.MultiheadAttention`` is off.

    Parameters
    ----------
    operations:
        Every call with traffic, in order.
    weights:
        Elements of each distinct weight of linear layers and convolutions, by its storage.
    """

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.weights: dict[int, int] = {}
        self._modules = ModuleTracker()
        self._contexts = ExitStack()
        self._heads: tuple[int, int] | None = None
        self._products = 0

    def __enter__(self) -> Self:
        fast = torch.backends.mha.get_fastpath_enabled()
        self._contexts.callback(torch.backends.mha.set_fastpath_enabled, fast)
        torch.backends.mha.set_fastpath_enabled(False)
        # Functions that call attention themselves run outside of the mode that replaces it, hence the patch.
        named = patch.object(functional, "scaled_dot_product_attention", self.attention)
        for context in (torch.no_grad(), self._modules, _Attention(self), named, _Operators(self)):
            self._contexts.enter_context(context)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._contexts.close()

    @property
    def layer(self) -> str:
        """Path of the innermost module that is running."""
        inside = [name for name in self._modules.parents if name != "Global"]
        return max(inside, key=len, default="").partition(".")[2]

    def record(
        self, function: OpOverload, arguments: tuple[Any, ...], named: Mapping[str, Any], result: object
    ) -> None:
        """Note a call of ``function(*arguments, **named)``, which returned ``result``."""
        if is_free(function):
            return
        kind, product = kind_of(function), product_of(function, arguments, result)
        if self._heads and product:
            heads, head_dimension = self._heads
            product = replace(product, heads=heads, head_dimension=head_dimension)
            kind = "attention values" if self._products else "attention scores"
            self._products += 1
        weight = weight_of(function, arguments)
        if weight is not None and not self._heads:
            self.weights[weight.untyped_storage()._cdata] = _distinct(weight)
        written = [tensor for tensor in tree_leaves(result) if isinstance(tensor, Tensor)]
        self.operations.append(
            Operation(
                kind=kind,
                operator=str(function.overloadpacket.__name__),
                layer=self.layer,
                elements=sum(map(_distinct, written)),
                bytes_read=_bytes(_unique((arguments, named))),
                bytes_written=_bytes(written),
                product=product,
                in_attention=self._heads is not None,
            )
        )

    def attention(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        *,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Tensor:
        """What ``scaled_dot_product_attention`` returns, ``[..., queries, channels]``, made of its parts."""
        if dropout_p:
            raise ValueError(f"attention drops with probability {dropout_p!r}: record inference, dropout_p=0")
        heads = query.shape[-3] if query.dim() > 3 else 1
        self._heads, self._products = (heads, query.shape[-1]), 0
        try:
            if enable_gqa:
                key, value = (of.repeat_interleave(heads // of.shape[-3], -3) for of in (key, value))
            if is_causal:
                ones = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool, device=query.device)
                attn_mask = ones.tril()
            scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
            scores = (query * scale) @ key.transpose(-2, -1)
            if attn_mask is not None:
                hide = attn_mask.dtype == torch.bool
                scores = scores.masked_fill(~attn_mask, -math.inf) if hide else scores + attn_mask
            return scores.softmax(-1) @ value
        finally:
            self._heads = None


class _Attention(TorchFunctionMode):
    """Calls the recorder's attention in place of PyTorch's."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is _ATTENTION:
            func = self._recorder.attention
        return func(*args, **(kwargs or {}))


class _Operators(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records what reaches the device."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._recorder = recorder

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        self._recorder.record(func, args, kwargs, result)
        return result


def _distinct(tensor: Tensor) -> int:
    """Elements of ``tensor`` in memory: those that broadcasting repeats count once."""
    strides = tensor.stride() if tensor.layout == torch.strided else tensor.shape
    return math.prod(size for size, stride in zip(tensor.shape, strides, strict=True) if stride)


def _unique(arguments: object) -> list[Tensor]:
    """The tensors among ``arguments``, each once."""
    tensors = [leaf for leaf in tree_leaves(arguments) if isinstance(leaf, Tensor)]
    return list({id(tensor): tensor for tensor in tensors}.values())


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(_distinct(tensor) * tensor.element_size() for tensor in tensors)
