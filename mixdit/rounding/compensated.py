"""Rounding whose errors cancel: GPTQ (Frantar et al., arXiv 2210.17323) on the grids of blocks."""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from golden import Format
from golden.formats import BLOCK_SIZE
from mixdit.rounding.block_grid import fit_blocks

__all__ = ["DAMPING", "compensated_rounding", "round_columns"]

DAMPING = 0.01
"""What is added to the diagonal of the second moments, relative to its mean, so that they have an inverse."""

_LAZY = 8
"""Blocks whose errors reach the columns behind them together: one product in place of several small ones."""


class Grid(Protocol):
    """What some columns of weights can hold."""

    def nearest(self, x: Tensor, columns: slice = ...) -> Tensor:
        """The nearest values of ``x``, float64 ``[rows, columns]``, of those columns."""
        ...


FitGrid = Callable[[Tensor, Tensor], Grid]
"""The grid of some columns' weights, float64 ``[rows, columns]``, by how much each column's error counts."""


def compensated_rounding(
    weight: Tensor, second_moments: Tensor, fmt: Format, *, damping: float = DAMPING
) -> Tensor:
    """Weights on the grids of their blocks, for which ``(rounded - weight) x`` is small.

    Parameters
    ----------
    weight:
        ``[out_features, K]``, any floating-point type, channels in the order in which blocks hold them.
    second_moments:
        float64 ``[K, K]``, of the inputs: the sum, or mean, of ``x x^T``.
    fmt:
        Format of the weights.
    damping:
        See `DAMPING`.

    Returns
    -------
    float32 ``[out_features, K]``, each value its own quantization in ``fmt``.

    Raises
    ------
    ValueError
        Moments of another size, a weight or a moment that is not finite, or damping out of range.
    """
    return round_columns(
        weight, second_moments, lambda w, c: fit_blocks(w, c, fmt), group=fmt.block_size, damping=damping
    )


def round_columns(
    weight: Tensor,
    second_moments: Tensor,
    fit: FitGrid,
    *,
    group: int = BLOCK_SIZE,
    damping: float = DAMPING,
) -> Tensor:
    """`compensated_rounding` on any grid that ``fit`` gives for each ``group`` of columns."""
    channels = weight.shape[1]
    if second_moments.shape != (channels, channels):
        raise ValueError(
            f"second_moments must be [{channels}, {channels}], as weight has {channels} channels, not"
            f" {list(second_moments.shape)}"
        )
    if not 0 < damping < 1:
        raise ValueError(f"damping must be over 0 and below 1, not {damping!r}")
    for name, values in (("weight", weight), ("second_moments", second_moments)):
        if not values.isfinite().all():
            raise ValueError(f"{name} must be finite, but holds an infinity or a NaN")
    spread = _spread(second_moments.double(), damping)
    left = weight.detach().double().clone()
    rounded = torch.empty_like(left)
    for start in range(0, channels, _LAZY * group):
        stop = min(start + _LAZY * group, channels)
        scaled = torch.empty_like(left[:, start:stop])
        for first in range(start, stop, group):
            last = min(first + group, stop)
            _round_group(left, rounded, scaled[:, first - start :], spread, fit, first, last)
            left[:, last:stop] -= scaled[:, first - start : last - start] @ spread[first:last, last:stop]
        left[:, stop:] -= scaled @ spread[start:stop, stop:]
    return rounded.float()


def _spread(second_moments: Tensor, damping: float) -> Tensor:
    """Row i says how column i's error, over its diagonal element, is taken back by the columns behind it.

    It is the upper Cholesky factor of the moments' inverse.
    """
    moments = second_moments.clone()
    diagonal = moments.diagonal()
    mean = diagonal.mean()
    # Of inputs that are always 0 any weight is right.
    diagonal += damping * torch.where(mean > 0, mean, 1.0)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(moments))
    spread: Tensor = torch.linalg.cholesky(inverse, upper=True)
    return spread


def _round_group(
    left: Tensor, rounded: Tensor, scaled: Tensor, spread: Tensor, fit: FitGrid, first: int, last: int
) -> None:
    """Round columns that share a grid one by one; ``scaled`` gets their errors over the diagonal."""
    grid = fit(left[:, first:last], spread.diagonal()[first:last].reciprocal().square())
    for column in range(first, last):
        here = slice(column - first, column - first + 1)
        rounded[:, column : column + 1] = grid.nearest(left[:, column : column + 1], here)
        error = (left[:, column] - rounded[:, column]) / spread[column, column]
        scaled[:, column - first] = error
        left[:, column + 1 : last] -= error[:, None] * spread[column, column + 1 : last]
