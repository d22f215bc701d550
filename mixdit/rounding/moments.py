"""First and second moments of a layer's inputs, before and after quantization."""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["LayerMoments"]


@dataclass(eq=False)
class LayerMoments:
    """Sums over tokens, from which a layer's best weights follow.

    With x the input in floating point and y what the quantized layer multiplies in its place:

    Attributes
    ----------
    count:
        Tokens.
    x, y:
        float64 ``[K]``: sums of each.
    xy, yy:
        float64 ``[K, K]``: sums of ``x y^T`` and ``y y^T``.
    """

    count: int
    x: Tensor
    y: Tensor
    xy: Tensor
    yy: Tensor

    @classmethod
    def empty(cls, channels: int, device: torch.device | str = "cpu") -> "LayerMoments":
        """Of no token."""
        vectors = [torch.zeros(channels, dtype=torch.float64, device=device) for _ in range(2)]
        squares = [torch.zeros(channels, channels, dtype=torch.float64, device=device) for _ in range(2)]
        return cls(0, *vectors, *squares)

    def update(self, x: Tensor, y: Tensor) -> None:
        """Add tokens ``[n, K]``; raises ``ValueError`` if one is not finite."""
        x, y = x.double(), y.double()
        for values in (x, y):
            if not values.isfinite().all():
                raise ValueError("an input is infinite or NaN")
        self.count += len(x)
        self.x += x.sum(0)
        self.y += y.sum(0)
        self.xy += x.T @ y
        self.yy += y.T @ y

    def __add__(self, other: "LayerMoments") -> "LayerMoments":
        """Of the tokens of both."""
        sums = ((getattr(self, name) + getattr(other, name)) for name in ("x", "y", "xy", "yy"))
        return LayerMoments(self.count + other.count, *sums)

    def products(self, *, about_mean: bool) -> tuple[Tensor, Tensor]:
        """Means of ``x y^T`` and ``y y^T``, or covariances, float64 ``[K, K]``; of one token at least."""
        mixed, own = self.xy / self.count, self.yy / self.count
        if not about_mean:
            return mixed, own
        x, y = self.x / self.count, self.y / self.count
        return mixed - torch.outer(x, y), own - torch.outer(y, y)
