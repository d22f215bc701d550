"""The hardware's product of floats as an operator of PyTorch."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from golden import Format
from mixdit.tensors.autocast import without_autocast
from mixdit.tensors.block_tensor import formats_text, parse_formats
from mixdit.tensors.matmul import matmul
from mixdit.tensors.operand import Operand
from mixdit.tensors.quantize import checked_floats, fake_quantize, is_plain, is_transformed, quantize

__all__ = ["exact_product"]


def exact_product(
    a: Tensor,
    a_formats: Format | Sequence[Format],
    b: Tensor,
    b_formats: Format | Sequence[Format],
    prepared: Operand | None = None,
) -> Tensor:
    """``matmul(quantize(a), quantize(b))``, by the operator ``torch.ops.mixdit.exact_product``.

    Parameters
    ----------
    a, b:
        float32, float16 or bfloat16 ``[..., M, K]`` and ``[..., N, K]`` with the same leading axes.
    a_formats, b_formats:
        One format, or the format of each k-block.
    prepared:
        What `mixdit.tensors.operand.prepare` makes of ``b``, to save that work.

    Returns
    -------
    float32 ``[..., M, N]``. Gradients are those of the product of the quantized operands, and go straight
    through to ``a`` and ``b``.

    Raises
    ------
    TypeError, ValueError
        As `mixdit.tensors.quantize.fake_quantize` and `mixdit.tensors.matmul.matmul`.
    """
    if a.shape[-1] != b.shape[-1] or a.shape[:-2] != b.shape[:-2] or a.ndim < 2:
        shapes = f"{tuple(a.shape)} and {tuple(b.shape)}"
        raise ValueError(f"a and b must be [..., M, K] and [..., N, K], not {shapes}")
    k = int(a.shape[-1])
    left, right = checked_floats(a), checked_floats(b)
    texts = formats_text(a_formats, k), formats_text(b_formats, k)
    if is_transformed():
        transformed: Tensor = _Differentiable.apply(left, texts[0], right, texts[1])
        return transformed
    if is_plain(left) and is_plain(right):
        return _compute(left, texts[0], right, texts[1], prepared)
    tensors = [] if prepared is None else prepared.tensors()
    result: Tensor = _exact_product(left, texts[0], right, texts[1], tensors)
    return result


def _compute(a: Tensor, a_formats: str, b: Tensor, b_formats: str, prepared: Operand | None) -> Tensor:
    right = quantize(b, parse_formats(b_formats)) if prepared is None else prepared
    return matmul(quantize(a, parse_formats(a_formats)), right)


@torch.library.custom_op("mixdit::exact_product", mutates_args=())
def _exact_product(
    a: Tensor, a_formats: str, b: Tensor, b_formats: str, prepared: Sequence[Tensor]
) -> Tensor:
    """``prepared``: the tensors of ``b`` as an operand, or none."""
    operand = None
    if prepared:
        operand = Operand.from_tensors(parse_formats(b_formats), b.shape[-1], prepared)
    return _compute(a, a_formats, b, b_formats, operand)


@_exact_product.register_fake
def _(a: Tensor, a_formats: str, b: Tensor, b_formats: str, prepared: Sequence[Tensor]) -> Tensor:
    return a.new_empty((*a.shape[:-1], b.shape[-2]))


@_exact_product.register_vmap
def _(
    info: Any,
    in_dims: tuple[int | None, None, int | None, None, Any],
    a: Tensor,
    a_formats: str,
    b: Tensor,
    b_formats: str,
    prepared: Sequence[Tensor],
) -> tuple[Tensor, int]:
    left, right = in_dims[0], in_dims[2]
    if left is not None and right is None and b.ndim == 2:  # rows of one matrix
        a = a.movedim(left, 0)
        rows = _exact_product(a.flatten(0, 1), a_formats, b, b_formats, list(prepared))
        return rows.unflatten(0, a.shape[:2]), 0
    a, b = (
        x.expand(info.batch_size, *x.shape) if at is None else x.movedim(at, 0)
        for x, at in ((a, left), (b, right))
    )
    return _exact_product(a, a_formats, b, b_formats, []), 0


def _gradients(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
    a, b = ctx.saved_tensors
    with without_autocast(a):
        of_a = gradient @ fake_quantize(b, parse_formats(ctx.b_formats)) if ctx.needs_input_grad[0] else None
        of_b = (
            gradient.mT @ fake_quantize(a, parse_formats(ctx.a_formats)) if ctx.needs_input_grad[2] else None
        )
    return of_a, of_b


def _keep_all(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.a_formats, ctx.b_formats, ctx.prepared = inputs[1], inputs[3], len(inputs[4])
    ctx.save_for_backward(inputs[0], inputs[2])


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, None, Tensor | None, None, list[None]]:
    of_a, of_b = _gradients(ctx, gradient)
    return of_a, None, of_b, None, [None] * ctx.prepared


_exact_product.register_autograd(_backward, setup_context=_keep_all)


class _Differentiable(torch.autograd.Function):
    """`_exact_product` where operators cannot say their derivatives: in ``torch.func``, and forward mode."""

    generate_vmap_rule = True

    @staticmethod
    def forward(a: Tensor, a_formats: str, b: Tensor, b_formats: str) -> Tensor:
        return _exact_product(a, a_formats, b, b_formats, [])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, str, Tensor, str], output: Tensor) -> None:
        a, ctx.a_formats, b, ctx.b_formats = inputs
        ctx.save_for_backward(a, b)
        ctx.save_for_forward(a, b)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, None, Tensor | None, None]:
        of_a, of_b = _gradients(ctx, gradient)
        return of_a, None, of_b, None

    @staticmethod
    def jvp(ctx: Any, of_a: Tensor | None, _: None, of_b: Tensor | None, __: None) -> Tensor:
        a, b = ctx.saved_tensors
        parts = []
        if of_a is not None:
            parts.append(of_a @ fake_quantize(b, parse_formats(ctx.b_formats)).mT)
        if of_b is not None:
            parts.append(fake_quantize(a, parse_formats(ctx.a_formats)) @ of_b.mT)
        return parts[0] if len(parts) == 1 else parts[0] + parts[1]
