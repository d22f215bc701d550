"""What it would gain and cost to have a head, or one operand of a head, in the high format."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import AttentionStatistics, Statistics
from mixdit.plan.head_formats import OPERANDS

__all__ = ["HeadCandidates", "head_candidates", "operand_elements"]

WHOLE = "".join(OPERANDS)


@dataclass(frozen=True, eq=False)
class HeadCandidates:
    """Operands that may be in the high format together, head by head.

    Attributes
    ----------
    gain:
        float32 ``[heads]``: error that the high format removes, per element, on a scale that all attentions
        share.
    cost:
        Elements of these operands in a head, in a pass of the model.
    """

    gain: Tensor
    cost: float


def operand_elements(entry: AttentionStatistics, passes: int) -> tuple[int, int, int, int]:
    """Elements of q, k, p and v in a pass of the model, of all heads."""
    q, k, p, v = (entry.elements // max(1, passes)).clamp(min=1).tolist()
    return q, k, p, v


def head_candidates(
    statistics: Statistics, settings: Settings, buckets: slice, generator: torch.Generator
) -> dict[tuple[str, str], HeadCandidates]:
    """Rate heads, by the path of the attention and the operands in question.

    By magnitude, a head is rated by the square of its largest value in q, k and v. By sensitivity, by what
    the model's output errs less, for each element. At random, ratings are random.

    Returns
    -------
    ``(path, "qkpv")`` for whole heads; ``(path, "q")`` and so on for operands.

    Raises
    ------
    ValueError
        A choice by sensitivity without sensitivities.
    """
    found = {}
    for path, entry in statistics.attentions.items():
        heads = entry.absmax.shape[2]
        elements = dict(zip(OPERANDS, operand_elements(entry, statistics.passes), strict=True))
        for operands in (WHOLE,) if settings.heads == "whole" else OPERANDS:
            cost = sum(elements[operand] for operand in OPERANDS if operand in operands) / heads
            if settings.choice == "random":
                gain = torch.rand(heads, generator=generator)
            elif settings.choice == "magnitude":
                gain = entry.magnitudes(buckets).square()
            else:
                gain = _error_removed(entry, operands) / cost
            found[path, operands] = HeadCandidates(gain, cost)
    return found


def _error_removed(entry: AttentionStatistics, operands: str) -> Tensor:
    if entry.errors is None:
        raise ValueError("the choice by sensitivity takes sensitivities, which were not measured")
    better = 1 if operands == WHOLE else 2 + WHOLE.index(operands)
    removed: Tensor = entry.errors[0] - entry.errors[better]
    return removed
