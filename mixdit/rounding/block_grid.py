"""The values that a block of weights can hold once its exponents are chosen."""

from dataclasses import dataclass

import torch
from torch import Tensor

from golden import Format
from golden.formats import EXPONENT_BIAS, NAN_EXPONENT

__all__ = ["BlockGrid", "fit_blocks"]

_EXPONENTS = (0, 1, -1)
"""Shared exponents that are tried, relative to that of the largest weight: one more holds what would be
rounded up past the largest element, one less rounds the others finer at the price of the largest ones."""


@dataclass(frozen=True, eq=False)
class BlockGrid:
    """Multiples of ``step`` up to ``limit`` of them, either sign.

    Parameters
    ----------
    step:
        float64 ``[rows, columns]``, powers of two.
    limit:
        The largest element, an integer.
    """

    step: Tensor
    limit: int

    def nearest(self, x: Tensor, columns: slice = slice(None)) -> Tensor:
        """Float64 of ``x``, ``[rows, columns]``: the nearest values, ties to even elements."""
        step = self.step[:, columns]
        return (x / step).round_().clamp_(-self.limit, self.limit).mul_(step)


def fit_blocks(weights: Tensor, importance: Tensor, fmt: Format) -> BlockGrid:
    """Exponents with which a block of each row errs least.

    Whatever they are, the grid's values are their own `golden.quantize`: a block whose largest element is
    smaller than its exponents allow has finer steps there, of which the grid's are multiples.

    Parameters
    ----------
    weights:
        float64 ``[rows, columns]``, no more columns than a block has.
    importance:
        float64 ``[columns]``: what a squared error in each column counts.
    fmt:
        Format of the block.
    """
    rows, columns = weights.shape
    pair = fmt.subblock_size if fmt.subblocks else columns
    largest = weights.abs().amax(1, keepdim=True)
    # A step below the normal numbers would make values that count as 0.
    least, most = 1 - EXPONENT_BIAS + fmt.magnitude_bits, NAN_EXPONENT - 1 - EXPONENT_BIAS
    top = torch.frexp(largest)[1] - 1
    best_error = torch.full((rows,), torch.inf, dtype=weights.dtype, device=weights.device)
    best_step = torch.ones_like(weights)
    for more in _EXPONENTS:
        error, step = _best_of_pairs(weights, importance, (top + more).clamp(least, most), fmt, pair)
        better = error < best_error
        best_error = torch.where(better, error, best_error)
        best_step = torch.where(better[:, None], step, best_step)
    return BlockGrid(best_step, fmt.max_element)


def _best_of_pairs(
    weights: Tensor, importance: Tensor, shared: Tensor, fmt: Format, pair: int
) -> tuple[Tensor, Tensor]:
    """Error ``[rows]`` and step ``[rows, columns]`` with the better microexponent of each pair."""
    whole = torch.exp2((shared - fmt.magnitude_bits + 1).double()).expand_as(weights)
    if not fmt.subblocks:
        return _error(weights, importance, whole, fmt).sum(1), whole
    steps = (whole, whole / 2)
    errors = [_per_pair(_error(weights, importance, step, fmt), pair) for step in steps]
    finer = errors[1] < errors[0]
    step = torch.where(finer.repeat_interleave(pair, 1)[:, : weights.shape[1]], steps[1], steps[0])
    return torch.minimum(*errors).sum(1), step


def _error(weights: Tensor, importance: Tensor, step: Tensor, fmt: Format) -> Tensor:
    rounded = BlockGrid(step, fmt.max_element).nearest(weights)
    return (rounded - weights).square_().mul_(importance)


def _per_pair(errors: Tensor, pair: int) -> Tensor:
    padded = torch.nn.functional.pad(errors, (0, -errors.shape[1] % pair))
    return padded.view(len(errors), -1, pair).sum(2)
