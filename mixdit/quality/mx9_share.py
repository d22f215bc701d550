"""How much of what a model multiplies is in MX9, counted while it runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from golden import MX9
from mixdit.layers.attention import MXAttention
from mixdit.layers.linear import MXLinear
from mixdit.plan.plan import AttentionPlan
from mixdit.quality.watched import watched
from mixdit.tensors.dynamic import block_maxima

__all__ = ["MX9Count", "count_mx9"]


class MX9Count:
    """Elements seen, and those of them in MX9."""

    def __init__(self) -> None:
        self.elements = 0
        self.in_mx9 = 0.0

    def add(self, elements: int, share: float) -> None:
        self.elements += elements
        self.in_mx9 += elements * share

    @property
    def share(self) -> float | None:
        """0 to 1; None before anything was seen."""
        return self.in_mx9 / self.elements if self.elements else None


@contextmanager
def count_mx9(model: nn.Module) -> Iterator[tuple[MX9Count, MX9Count]]:
    """Count inputs of linear layers, and operands q, k, p, v of attention, while the context lasts."""
    linear, attention = MX9Count(), MX9Count()

    def see_linear(module: MXLinear, inputs: tuple[Tensor, ...]) -> None:
        (x,) = inputs
        plan = module.plan
        if plan.threshold is None:
            share = plan.mx9_share
        else:
            chosen = (block_maxima(x) > plan.threshold).float().mean().item()
            share = chosen * (plan.high == MX9) + (1 - chosen) * (plan.low == MX9)
        linear.add(x.numel(), share)

    def see_attention(module: MXAttention, inputs: tuple[Tensor, ...]) -> None:
        q, k, v = inputs[:3]
        counts = q.numel(), k.numel(), q.shape[:-1].numel() * k.shape[-2], v.numel()
        plan = AttentionPlan(heads=module.heads, operand_elements=counts)
        attention.add(plan.elements, plan.mx9_share)

    with watched(model, see_linear, see_attention):
        yield linear, attention
