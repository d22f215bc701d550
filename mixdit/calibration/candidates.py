"""Channel order, and what it would gain and cost to have a block of channels in the high format."""

from dataclasses import dataclass

import torch
from torch import Tensor

from golden.formats import BLOCK_SIZE
from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import Summary
from mixdit.tensors.dynamic import block_maxima
from mixdit.tensors.quantize import fake_quantize


@dataclass(frozen=True, eq=False)
class Candidates:
    """Blocks of a linear layer's channels.

    Attributes
    ----------
    order:
        int64 ``[K]``: the channel at each place; blocks are runs of 16 places.
    gain:
        float32 ``[blocks]``: error that the high format removes from a block, on a scale that all layers
        share.
    """

    order: Tensor
    gain: Tensor


def candidates(
    summary: Summary, sensitivity: Tensor | None, settings: Settings, generator: torch.Generator
) -> Candidates:
    """Order a layer's channels, likely outliers first, and rate their blocks, per token.

    By magnitude, channels are sorted by absolute maximum and a block is rated by the square of its largest
    one, to which its error is proportional. By sensitivity, channels are sorted by absolute maximum times the
    root of the sensitivity, and a block is rated by the error energy that the high format removes on the
    sample, weighted likewise. At random, blocks have random ratings.
    Without reordering, a last block that is not full gains nothing: it cannot stand before others.

    Raises
    ------
    ValueError
        A choice by sensitivity without sensitivities.
    """
    channels = len(summary.absmax)
    weight = torch.ones(channels)
    if settings.choice == "sensitivity":
        if sensitivity is None:
            raise ValueError("the choice by sensitivity takes sensitivities, which were not measured")
        weight = sensitivity
    order = torch.arange(channels)
    if settings.reorder:
        order = (summary.absmax * weight.sqrt()).argsort(descending=True, stable=True)
    if settings.choice == "random":
        gain = torch.rand(-(-channels // BLOCK_SIZE), generator=generator)
    elif settings.choice == "magnitude":
        gain = block_maxima(summary.absmax[order]).square()
    else:
        x = summary.sample[:, order]
        error = [(fake_quantize(x, fmt) - x).square().mean(0) for fmt in (settings.low, settings.high)]
        gain = _block_sums((error[0] - error[1]) * weight[order]).clamp(min=0)
    if channels % BLOCK_SIZE and not settings.reorder:
        gain[-1] = 0
    return Candidates(order, gain)


def _block_sums(x: Tensor) -> Tensor:
    """Sums over blocks of a vector ``[K]``."""
    return torch.nn.functional.pad(x, (0, -len(x) % BLOCK_SIZE)).view(-1, BLOCK_SIZE).sum(1)


def outliers_first(order: Tensor, chosen: Tensor) -> Tensor:
    """The channels of the chosen blocks (int64, by number) of an order first, the others as they come."""
    flags = torch.zeros(-(-len(order) // BLOCK_SIZE), dtype=torch.bool)
    flags[chosen] = True
    per_place = flags.repeat_interleave(BLOCK_SIZE)[: len(order)]
    return torch.cat((order[per_place], order[~per_place].sort().values))
