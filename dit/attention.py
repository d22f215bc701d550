"""Scaled dot-product attention as a module of its own, so that `quantize_model` can replace it."""

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["ScaledDotProductAttention"]


class ScaledDotProductAttention(nn.Module):
    """``softmax(q k^T / sqrt(head_dim)) v`` in floating point."""

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """All of shape ``[batch, heads, tokens, head_dim]``, the result too."""
        output: Tensor = functional.scaled_dot_product_attention(q, k, v)
        return output
