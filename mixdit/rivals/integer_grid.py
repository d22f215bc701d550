"""The values that a group of integer weights can hold once its range is known."""

from dataclasses import dataclass

from torch import Tensor

from mixdit.rivals.integer import TINY

__all__ = ["IntegerGrid"]


@dataclass(frozen=True, eq=False)
class IntegerGrid:
    """What `mixdit.rivals.integer.asymmetric` gives, for a range that stays as it was.

    Parameters
    ----------
    scale, zero:
        float64 ``[rows, 1]``.
    limit:
        The largest code.
    """

    scale: Tensor
    zero: Tensor
    limit: int

    @classmethod
    def of(cls, weights: Tensor, bits: int) -> "IntegerGrid":
        """From the least to the largest of each row, float64 ``[rows, columns]``, and 0."""
        low, high = weights.amin(1, keepdim=True).clamp_max(0), weights.amax(1, keepdim=True).clamp_min(0)
        limit = 2**bits - 1
        scale = (high - low).clamp_min(TINY) / limit
        return cls(scale, (-low / scale).round_(), limit)

    def nearest(self, x: Tensor, columns: slice = slice(None)) -> Tensor:
        """Float64 of ``x``, ``[rows, columns]``: the nearest values."""
        return (
            (x / self.scale).round_().add_(self.zero).clamp_(0, self.limit).sub_(self.zero).mul_(self.scale)
        )
