"""Attention on blocks with the hardware's softmax: powers of two, sums by a row of ones, a division."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from mixdit.layers.attention import MXAttention
from mixdit.plan.head_formats import HeadFormats
from mixdit.tensors.functions import add, divide_by_column, exp2
from mixdit.tensors.product import multiply

__all__ = ["HardwareAttention"]


class HardwareAttention(MXAttention):
    """As `MXAttention`, in the three jobs of an engine with functions.

    log2(e) and the scale are in q before it is quantized, as the weights of q can hold them. P is 2^x of
    the scores, quantized as it is; V has a row of ones more, whose product with P is each row's sum, by
    which the row is divided. Scores above 128 are infinite: no maximum is subtracted.
    """

    def _attend(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        mask: Tensor | None,
        scale: float | None,
        formats: HeadFormats,
    ) -> Tensor:
        base = math.log2(math.e)
        scores = multiply(
            q.float() * (base * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)),
            formats.q,
            k,
            formats.k,
            self.mode,
        )
        if mask is not None:
            if mask.dtype == torch.bool:
                mask = torch.zeros_like(mask, dtype=torch.float32).masked_fill(~mask, -math.inf)
            scores = add(scores, mask * base)
        values = functional.pad(v.mT.float(), (0, 0, 0, 1), value=1.0)
        sums = multiply(exp2(scores), formats.p, values, formats.v, self.mode)
        return divide_by_column(sums).to(q.dtype)
