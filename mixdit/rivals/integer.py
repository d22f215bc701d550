"""Integer quantization as the rivals use it: rounded to a grid, and back to float32."""

from torch import Tensor

__all__ = ["asymmetric", "asymmetric_grouped", "grouped_bits", "symmetric"]

TINY = 1e-12

SCALE_BITS = 16
"""Of a scale in memory."""


def symmetric(x: Tensor, bits: int, dim: int | None = None, scale: Tensor | None = None) -> Tensor:
    """``scale * clamp(round(x / scale))`` to ``bits`` bits in two's complement.

    Parameters
    ----------
    x:
        float32, any shape.
    bits:
        Bits of an element, 2 or more.
    dim:
        Axis along which elements share a scale: -1 for one scale per row; None for one in all.
    scale:
        The scale, where it is fixed; otherwise the largest magnitude gets the largest code. The most
        negative code is left to values beyond a fixed scale.
    """
    limit = 2 ** (bits - 1) - 1
    if scale is None:
        largest = x.abs().amax() if dim is None else x.abs().amax(dim, keepdim=True)
        scale = largest.clamp_min(TINY) / limit
    return (x / scale).round_().clamp_(-limit - 1, limit).mul_(scale)


def asymmetric(x: Tensor, bits: int, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    """``scale * (clamp(round(x / scale) + zero) - zero)`` to ``bits`` bits without sign.

    Zero is a code: the range is widened to hold it.

    Parameters
    ----------
    x:
        float32, any shape.
    bits:
        Bits of an element, 2 or more.
    low, high:
        The range, where it is fixed; otherwise that of each row along the last axis.
    """
    low = x.amin(-1, keepdim=True) if low is None else low
    high = x.amax(-1, keepdim=True) if high is None else high
    low, high = low.clamp_max(0), high.clamp_min(0)
    limit = 2**bits - 1
    scale = (high - low).clamp_min(TINY) / limit
    zero = (-low / scale).round_()
    return (x / scale).round_().add_(zero).clamp_(0, limit).sub_(zero).mul_(scale)


def asymmetric_grouped(x: Tensor, bits: int, group: int) -> Tensor:
    """`asymmetric` over groups of ``group`` neighbours along the last axis, which it divides."""
    return asymmetric(x.unflatten(-1, (-1, group)), bits).flatten(-2)


def grouped_bits(bits: int, group: int) -> float:
    """Bits of an element in memory, with its share of the scale and the zero of ``group`` elements."""
    return bits + (SCALE_BITS + bits) / group
