"""How much longer the array works for a model than for the same one in MX6, counted while it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from torch import Tensor, nn

from golden import MX6
from mixdit.layers.attention import MXAttention
from mixdit.layers.linear import MXLinear
from mixdit.plan.array_passes import Product, array_passes, head_products, linear_product
from mixdit.quality.watched import watched
from mixdit.tensors.dynamic import block_maxima

__all__ = ["PassCount", "count_passes"]


class PassCount:
    """Passes of the array, and those that the same products take in MX6."""

    def __init__(self) -> None:
        self.passes = self.in_mx6 = 0.0

    def add(self, product: Product) -> None:
        """Count a product."""
        self.passes += array_passes(product)
        self.in_mx6 += array_passes(replace(product, a=(MX6,) * len(product.a), b=(MX6,) * len(product.b)))

    @property
    def ratio(self) -> float | None:
        """Passes over those in MX6, 1 to 4; None before anything was seen."""
        return self.passes / self.in_mx6 if self.in_mx6 else None


@contextmanager
def count_passes(model: nn.Module) -> Iterator[PassCount]:
    """Count products of linear layers and of attention while the context lasts."""
    count = PassCount()

    def see_linear(module: MXLinear, inputs: tuple[Tensor, ...]) -> None:
        (x,) = inputs
        plan = module.plan
        tokens = x.shape[:-1].numel()
        product = linear_product(plan, module.out_features, tokens)
        if plan.threshold is None:
            count.add(product)
            return
        chosen = (block_maxima(x) > plan.threshold).float().mean().item()
        count.add(replace(product, rows=tokens * (1 - chosen)))
        count.add(replace(product, rows=tokens * chosen, a=(plan.high,) * len(product.a)))

    def see_attention(module: MXAttention, inputs: tuple[Tensor, ...]) -> None:
        q, k, v = inputs[:3]
        for formats in module.heads:
            sizes = {"tokens": q.shape[-2], "keys": k.shape[-2], "count": len(q)}
            for product in head_products(formats, width=q.shape[-1], value_width=v.shape[-1], **sizes):
                count.add(product)

    with watched(model, see_linear, see_attention):
        yield count
