"""Linear layers on quantized operands."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from mixdit.plan.plan import LinearPlan
from mixdit.tensors.block_tensor import BlockTensor
from mixdit.tensors.dynamic import fake_quantize_above
from mixdit.tensors.matmul import matmul
from mixdit.tensors.operand import prepare
from mixdit.tensors.product import Mode, check_mode
from mixdit.tensors.quantize import fake_quantize, quantize
from mixdit.tensors.rounding import add_binary32

__all__ = ["MXLinear", "QuantizedLinear", "ordered_weight", "weight_codes"]


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
        with torch.no_grad():
            self.register_buffer("weight", weight(linear.weight.detach()))
        self.bias = linear.bias

    def forward(self, x: Tensor) -> Tensor:
        """``[..., in_features]`` to ``[..., out_features]``."""
        return functional.linear(self.activation(x), self.weight, self.bias)


@torch.no_grad()
def ordered_weight(linear: nn.Linear, plan: LinearPlan) -> Tensor:
    """Weights with their channels in the plan's order: float32 ``[out_features, in_features]``."""
    weight = linear.weight.detach().float()
    return weight if plan.permutation is None else weight[:, list(plan.permutation)]


def weight_codes(linear: nn.Linear, plan: LinearPlan) -> BlockTensor:
    """Weights as the hardware holds them: ``[out_features, in_features]``, channels in the plan's order."""
    return quantize(ordered_weight(linear, plan), plan.weight)


class MXLinear(nn.Module):
    """A linear layer on blocks, as its plan says.

    Channels are permuted, activations quantized as [high k-blocks | low k-blocks], weights in one format. The
    result has the input's dtype; inside, everything is float32.

    Parameters
    ----------
    linear:
        The layer to quantize; it is left as it is, and the bias is shared with it.
    plan:
        Formats and permutation.
    mode:
        See `mixdit.tensors.product.Mode`. In exact mode the bias is added as the hardware does, in binary32
        with subnormal sums flushed.

    Raises
    ------
    ValueError
        A plan for another number of channels, or with a threshold, which only the fast mode can follow.
    """

    def __init__(self, linear: nn.Linear, plan: LinearPlan, mode: Mode = "fast") -> None:
        super().__init__()
        check_mode(mode)
        if plan.in_features != linear.in_features:
            raise ValueError(f"the plan has {plan.in_features} channels, the layer {linear.in_features}")
        if plan.threshold is not None and mode != "fast":
            raise ValueError("a threshold chooses formats at run time, which only mode 'fast' can follow")
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.plan, self.mode = plan, mode
        self.bias = linear.bias
        # What follows from the plan and the original's weights stays out of the state.
        self.permutation: Tensor | None
        order = None
        if plan.permutation is not None:
            order = torch.tensor(plan.permutation, device=linear.weight.device)
        self.register_buffer("permutation", order, persistent=False)
        if mode == "fast":
            weight = fake_quantize(ordered_weight(linear, plan), plan.weight)
            self.register_buffer("weight", weight, persistent=False)
        else:
            codes = weight_codes(linear, plan)
            self._codes = prepare(codes) if mode == "exact" else codes

    def forward(self, x: Tensor) -> Tensor:
        """``[..., in_features]`` to ``[..., out_features]``."""
        # Of the ways to permute channels, gather is several times the fastest on the CPU.
        ordered = x if self.permutation is None else x.gather(-1, self.permutation.expand(x.shape))
        bias = None if self.bias is None else self.bias.float()
        if self.mode == "fast":
            if self.plan.threshold is None:
                values = fake_quantize(ordered, self.plan.formats)
            else:
                values = fake_quantize_above(ordered, self.plan.threshold, self.plan.high, self.plan.low)
            return functional.linear(values, self.weight, bias).to(x.dtype)
        product = matmul if self.mode == "exact" else self.mode
        rows = ordered.reshape(-1, self.in_features)
        result = product(quantize(rows, self.plan.formats), self._codes)
        if bias is not None:
            result = add_binary32(result, bias)
        return result.view(*x.shape[:-1], self.out_features).to(x.dtype)

    def extra_repr(self) -> str:
        """Shape and formats, for ``print(model)``."""
        plan = self.plan
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, weight={plan.weight}, "
            f"activation={plan.high_blocks} x {plan.high} + {plan.low}, mode={self.mode}"
        )
