"""What kind an operator of ATen is."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch._ops import OpOverload

from perf.workloads.operation import Product

__all__ = ["is_free", "kind_of", "product_of", "weight_of"]

_KINDS = {
    "softmax": "_softmax _safe_softmax _log_softmax",
    "norm": "native_layer_norm native_group_norm native_batch_norm _fused_rms_norm rms_norm",
    "activation": "gelu silu relu sigmoid tanh elu leaky_relu mish hardswish",
    "reduction": "mean sum amax amin max min argmax var var_mean any all linalg_vector_norm cumsum"
    " _adaptive_avg_pool2d avg_pool2d",
    "copy": "_to_copy clone copy cat stack embedding index index_select gather index_put constant_pad_nd flip"
    " roll repeat repeat_interleave upsample_nearest2d pixel_shuffle pixel_unshuffle tril triu arange"
    " linspace scalar_tensor full zeros ones full_like zeros_like ones_like new_full new_zeros new_ones",
    "free": "_unsafe_view _reshape_alias lift lift_fresh empty empty_like new_empty empty_strided"
    " _local_scalar_dense is_same_size _assert_async _assert_tensor_metadata",
}
"""Operators without a product, by kind, besides those that PyTorch calls pointwise; free: without traffic."""

_KIND = {operator: kind for kind, operators in _KINDS.items() for operator in operators.split()}

_LINEAR = {"mm": 0, "addmm": 1}
_BATCHED = {"bmm": 0, "baddbmm": 1}
"""Operators that multiply matrices: the argument that their left operand is."""


def _name(function: OpOverload) -> str:
    return str(function.overloadpacket.__name__)


def is_free(function: OpOverload) -> bool:
    """Whether an operator gives a view, or memory with nothing in it."""
    returns = function._schema.returns
    views = [bool(of.alias_info and not of.alias_info.is_write) for of in returns]
    return _KIND.get(_name(function)) == "free" or (bool(views) and all(views))


def kind_of(function: OpOverload) -> str:
    """Which of ``KINDS`` an operator is outside of attention; ``"unknown"`` for one not in the lists."""
    name = _name(function)
    if name in _LINEAR:
        return "linear"
    if name in _BATCHED:
        return "matmul"
    if name in ("convolution", "_convolution"):
        return "convolution"
    usual = "elementwise" if torch.Tag.pointwise in function.tags else "unknown"
    # An underscore at the end writes into the first argument.
    return _KIND.get(name.removesuffix("_"), usual)


def product_of(function: OpOverload, arguments: Sequence[object], result: object) -> Product | None:
    """The product that a call makes, or none.

    Parameters
    ----------
    function, arguments, result:
        Operator, its positional arguments and what it returned.
    """
    name = _name(function)
    first = {**_LINEAR, **_BATCHED}.get(name)
    if first is not None:
        left, right = arguments[first], arguments[first + 1]
        assert isinstance(left, Tensor)
        assert isinstance(right, Tensor)
        batch = left.shape[0] if name in _BATCHED else 1
        return Product(m=left.shape[-2], k=left.shape[-1], n=right.shape[-1], batch=batch)
    if name in ("convolution", "_convolution"):
        return _convolution(arguments, result)
    return None


def _convolution(arguments: Sequence[object], result: object) -> Product:
    given, filters, transposed, groups = arguments[0], arguments[1], arguments[6], arguments[8]
    assert isinstance(given, Tensor)
    assert isinstance(filters, Tensor)
    assert isinstance(result, Tensor)
    assert isinstance(groups, int)
    # Filters are [out, in / groups, ...], of a transposed one [in, out / groups, ...].
    places = given if transposed else result
    m = places.shape[0] * places[0, 0].numel()
    each, others = filters.shape[0] // groups, filters[0].numel()
    k, n = (each, others) if transposed else (others, each)
    return Product(m=m, k=k, n=n, batch=groups)


def weight_of(function: OpOverload, arguments: Sequence[object]) -> Tensor | None:
    """The right operand of a linear layer, the filters of a convolution; else none."""
    name = _name(function)
    place = 1 if name in ("convolution", "_convolution") else _LINEAR[name] + 1 if name in _LINEAR else None
    weight = None if place is None else arguments[place]
    return weight if isinstance(weight, Tensor) else None
