"""Linear layers on quantized operands."""

from collections.abc import Callable
from functools import partial
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from mixdit.layers.made_of_weight import MadeOfWeight
from mixdit.plan.plan import LinearPlan
from mixdit.state import Planned
from mixdit.tensors.autocast import without_autocast
from mixdit.tensors.block_tensor import BlockTensor
from mixdit.tensors.dynamic import fake_quantize_above
from mixdit.tensors.exact_product import exact_product
from mixdit.tensors.operand import Operand, prepare
from mixdit.tensors.product import Mode, check_mode
from mixdit.tensors.quantize import fake_quantize, quantize
from mixdit.tensors.rounding import add_binary32

__all__ = ["MXLinear", "QuantizedLinear", "check_weights", "ordered_weight", "weight_codes"]


class QuantizedLinear(nn.Module):
    """A linear layer ``activation(x) weight(W)^T + bias`` with any two quantizers.

    Parameters
    ----------
    linear:
        The layer to quantize; it is left as it is, and the bias is shared with it.
    activation:
        Called with ``x`` ``[..., in_features]`` in every forward pass.
    weight:
        Called once, with the weight ``[out_features, in_features]``.
    """

    def __init__(
        self,
        linear: nn.Linear,
        activation: Callable[[Tensor], Tensor],
        weight: Callable[[Tensor], Tensor],
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.activation = activation
        self.quantized_weight: Tensor
        with torch.no_grad():
            # Not "weight": the state of the original is not for this layer.
            self.register_buffer("quantized_weight", weight(linear.weight.detach()))
        self.bias = linear.bias

    def forward(self, x: Tensor) -> Tensor:
        """``[..., in_features]`` to ``[..., out_features]``."""
        return functional.linear(self.activation(x), self.quantized_weight, self.bias)


def _ordered(weight: Tensor, plan: LinearPlan) -> Tensor:
    return weight.float() if plan.permutation is None else weight.float()[:, list(plan.permutation)]


def ordered_weight(linear: "nn.Linear | MXLinear", plan: LinearPlan) -> Tensor:
    """Weights with their channels in the plan's order: float32 ``[out_features, in_features]``."""
    return _ordered(linear.weight, plan)


@torch.no_grad()
def weight_codes(linear: "nn.Linear | MXLinear", plan: LinearPlan) -> BlockTensor:
    """Weights as the hardware holds them: ``[out_features, in_features]``, channels in the plan's order."""
    return quantize(ordered_weight(linear, plan), plan.weight)


def check_weights(linear: "nn.Linear | MXLinear") -> None:
    """Raise ValueError unless weight and bias can be quantized: of a narrow floating type, and finite."""
    for name in ("weight", "bias"):
        tensor = getattr(linear, name)
        if tensor is None:
            continue
        if tensor.dtype not in (torch.float32, torch.float16, torch.bfloat16):
            raise ValueError(f"{name} must be float32, float16 or bfloat16, not {tensor.dtype}")
        if type(tensor) in (Tensor, nn.Parameter) and tensor.device.type != "meta":
            wrong = int((~tensor.detach().isfinite()).sum())
            if wrong:
                raise ValueError(f"{name} must be finite, and {wrong} of {tensor.numel()} values are not")


class MXLinear(Planned):
    """A linear layer on blocks, as its plan says.

    Channels are permuted, activations quantized as [high k-blocks | low k-blocks], weights in one format. The
    result has the input's dtype; inside, everything is float32, under autocast too.

    Its state is that of the original, in floating point; what is quantized follows from it, anew whenever it
    changes. So it loads what the original would load, but not the state of an `MXLinear` with another plan.
    Its dtype stays: ``half()`` and the like would round the weights before they are quantized.

    Parameters
    ----------
    linear:
        The layer to quantize; it is left as it is, and weight and bias are shared with it.
    plan:
        Formats and permutation.
    mode:
        See `mixdit.tensors.product.Mode`. In exact mode the bias is added as the hardware does, in binary32
        with subnormal sums flushed.

    Raises
    ------
    ValueError
        A plan for another number of channels, or with a threshold, which only the fast mode can follow;
        float64 weights, or some that are not finite.
    """

    def __init__(self, linear: nn.Linear, plan: LinearPlan, mode: Mode = "fast") -> None:
        super().__init__()
        check_mode(mode)
        if plan.in_features != linear.in_features:
            raise ValueError(f"the plan has {plan.in_features} channels, the layer {linear.in_features}")
        if plan.threshold is not None and mode != "fast":
            raise ValueError("a threshold chooses formats at run time, which only mode 'fast' can follow")
        check_weights(linear)
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.plan, self.mode, self.planned = plan, mode, _described(plan)
        self.weight, self.bias = linear.weight, linear.bias
        # What follows from the plan and the weights stays out of the state.
        self.register_buffer("permutation", self._permutation(), persistent=False)
        self._values = MadeOfWeight(partial(_fake_quantized, plan=plan))
        self._prepared = MadeOfWeight(partial(_prepared, plan=plan))

    def _permutation(self) -> Tensor | None:
        order = self.plan.permutation
        return None if order is None else torch.tensor(order, device=self.weight.device)

    @torch.no_grad()
    def operand(self) -> Operand:
        """The quantized weights ``[out_features, in_features]``, ready for exact products."""
        return self._prepared(self.weight)[1]

    def forget(self) -> None:
        """Quantize the weights anew in the next pass: needed after writes through ``weight.data`` alone."""
        self._values.forget()
        self._prepared.forget()

    def train(self, mode: bool = True) -> Self:
        """As every module; `forget` comes with it."""
        self.forget()
        return super().train(mode)

    def forward(self, x: Tensor) -> Tensor:
        """``[..., in_features]`` to ``[..., out_features]``; TypeError for float64."""
        # Of the ways to permute channels, gather is several times the fastest on the CPU.
        ordered = x if self.permutation is None else x.gather(-1, self.permutation.expand(x.shape))
        bias = None if self.bias is None else self.bias.float()
        if self.mode == "fast":
            if self.plan.threshold is None:
                values = fake_quantize(ordered, self.plan.formats)
            else:
                values = fake_quantize_above(ordered, self.plan.threshold, self.plan.high, self.plan.low)
            with without_autocast(x):
                return functional.linear(values, self._values(self.weight), bias).to(x.dtype)
        rows = ordered.reshape(-1, self.in_features)
        if callable(self.mode):
            result = self.mode(quantize(rows, self.plan.formats), self.operand().codes)
        else:
            kept = self._prepared.keeps(self.weight)
            weight, operand = self._prepared(self.weight) if kept else (ordered_weight(self, self.plan), None)
            result = exact_product(rows, self.plan.formats, weight, self.plan.weight, operand)
        if bias is not None:
            result = add_binary32(result, bias)
        return result.view(*x.shape[:-1], self.out_features).to(x.dtype)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        def keeping_dtype(tensor: Tensor) -> Tensor:
            moved = fn(tensor)
            return moved if moved.dtype == tensor.dtype else tensor.to(moved.device)

        self.forget()
        super()._apply(keeping_dtype, recurse)
        self.permutation = self._permutation()  # whatever to_empty() made of it
        return self

    def check_loaded(self) -> None:
        """As `check_weights`."""
        check_weights(self)

    def extra_repr(self) -> str:
        """Shape and formats, for ``print(model)``."""
        plan = self.plan
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, weight={plan.weight}, "
            f"activation={plan.high_blocks} x {plan.high} + {plan.low}, mode={self.mode}"
        )


def _described(plan: LinearPlan) -> str:
    """What of a plan decides on results."""
    order = "" if plan.permutation is None else " ".join(map(str, plan.permutation))
    return f"{plan.weight} {','.join(map(str, plan.formats))} {plan.threshold} {order}"


def _fake_quantized(weight: Tensor, plan: LinearPlan) -> Tensor:
    return fake_quantize(_ordered(weight, plan), plan.weight)


@torch.no_grad()
def _prepared(weight: Tensor, plan: LinearPlan) -> tuple[Tensor, Operand]:
    ordered = _ordered(weight, plan)
    return ordered, prepare(quantize(ordered, plan.weight))
