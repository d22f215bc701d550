"""Which of the mixed plans would be chosen on calibration noise, and by what."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from mixdit.quality.row import Row

__all__ = ["CRITERIA", "Choice", "choices"]

CRITERIA = {"predicted noise": "sqnr_calibration_db", "images": "psnr_calibration_db"}
"""What the error is looked at in: that of single predictions, or that of images after all steps."""


@dataclass(frozen=True)
class Choice:
    """The plan of a model that has the least error in something.

    Parameters
    ----------
    model, criterion:
        Which model, and one of `CRITERIA`.
    row:
        The plan's figures on the noise that judges.
    """

    model: str
    criterion: str
    row: Row


def choices(rows: Sequence[Row], candidates: Sequence[str]) -> list[Choice]:
    """By each criterion for each model that has two candidates or more among ``rows``."""
    found = []
    for model in dict.fromkeys(row.model for row in rows):
        plans = [row for row in rows if row.model == model and row.variant in candidates]
        if len(plans) > 1:
            found += [
                Choice(model, criterion, max(plans, key=partial(_decibels, name)))
                for criterion, name in CRITERIA.items()
            ]
    return found


def _decibels(name: str, row: Row) -> float:
    value: float | None = getattr(row, name)
    return math.inf if value is None else value  # None is no error at all
