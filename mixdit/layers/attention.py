"""Scaled dot-product attention as a module of its own, so that `quantize_model` can replace it."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from golden import Format
from mixdit.plan.head_formats import HeadFormats
from mixdit.state import Planned
from mixdit.tensors.autocast import without_autocast
from mixdit.tensors.product import Mode, check_mode, multiply

__all__ = ["MXAttention", "QuantizedAttention", "ScaledDotProductAttention"]


class ScaledDotProductAttention(nn.Module):
    """``softmax(q k^T / sqrt(head_dim)) v`` in floating point."""

    def forward(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, scale: float | None = None
    ) -> Tensor:
        """All of shape ``[batch, heads, tokens, head_dim]``, the result as ``q``.

        ``mask`` is added to the scores (or False where there is to be no attention), and ``scale`` replaces
        ``1 / sqrt(head_dim)``.
        """
        output: Tensor = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale)
        return output


def _probabilities(scores: Tensor, head_dim: int, mask: Tensor | None, scale: float | None) -> Tensor:
    """Softmax of scaled and masked scores ``[..., tokens, keys]``, in float32."""
    scores = scores * (1 / math.sqrt(head_dim) if scale is None else scale)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(-1)


class QuantizedAttention(ScaledDotProductAttention):
    """Attention whose four operands pass through any quantizers.

    Parameters
    ----------
    q, k, p, v:
        Called with the operand in the layout of its product, the reduction axis last: q ``[..., tokens,
        head_dim]``, k ``[..., keys, head_dim]``, the probabilities p ``[..., tokens, keys]``, and v
        transposed, ``[..., head_dim, keys]``. None leaves an operand in floating point.
    """

    def __init__(
        self,
        *,
        q: Callable[[Tensor], Tensor] | None = None,
        k: Callable[[Tensor], Tensor] | None = None,
        p: Callable[[Tensor], Tensor] | None = None,
        v: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.q, self.k, self.p, self.v = (f if f is not None else nn.Identity() for f in (q, k, p, v))

    def forward(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, scale: float | None = None
    ) -> Tensor:
        p = _probabilities(self.q(q) @ self.k(k).mT, q.shape[-1], mask, scale)
        output: Tensor = self.p(p) @ self.v(v.mT.contiguous()).mT
        return output


class MXAttention(Planned, ScaledDotProductAttention):
    """Attention on blocks: q and k along head_dim, p and v along keys, every head in formats of its own.

    Softmax and scaling are in float32, between the two products. The result has the dtype of ``q``.

    Parameters
    ----------
    heads:
        The formats of each head's four operands, or one format for all four.
    mode:
        See `mixdit.tensors.product.Mode`.
    """

    def __init__(self, heads: Sequence[Format | HeadFormats], mode: Mode = "fast") -> None:
        super().__init__()
        check_mode(mode)
        self.heads, self.mode = tuple(map(HeadFormats.of, heads)), mode
        self.planned = " ".join(map(str, self.heads))
        self._groups = {
            formats: [i for i, other in enumerate(self.heads) if other == formats]
            for formats in dict.fromkeys(self.heads)
        }

    def forward(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, scale: float | None = None
    ) -> Tensor:
        """As `ScaledDotProductAttention.forward`; ValueError for another number of heads."""
        if q.shape[1] != len(self.heads):
            raise ValueError(f"the plan has {len(self.heads)} heads, q has {q.shape[1]}")
        with without_autocast(q):
            return self._attend_heads(q, k, v, mask, scale)

    def _attend_heads(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float | None
    ) -> Tensor:
        if len(self._groups) == 1:
            return self._attend(q, k, v, mask, scale, self.heads[0])
        output = q.new_empty((*q.shape[:-1], v.shape[-1]))
        for formats, heads in self._groups.items():
            part = mask if mask is None or mask.ndim < 3 or mask.shape[-3] == 1 else mask[..., heads, :, :]
            output[:, heads] = self._attend(q[:, heads], k[:, heads], v[:, heads], part, scale, formats)
        return output

    def _attend(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        mask: Tensor | None,
        scale: float | None,
        formats: HeadFormats,
    ) -> Tensor:
        scores = multiply(q, formats.q, k, formats.k, self.mode)
        p = _probabilities(scores, q.shape[-1], mask, scale)
        return multiply(p, formats.p, v.mT, formats.v, self.mode).to(q.dtype)

    def extra_repr(self) -> str:
        """Formats of the heads, for ``print(model)``."""
        return f"heads={[str(formats) for formats in self.heads]}, mode={self.mode}"
