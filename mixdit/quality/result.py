"""What measuring a variant gives."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from mixdit.quality.row import Row
from mixdit.quality.score import Score

__all__ = ["Result"]


@dataclass(frozen=True, eq=False)
class Result:
    """A variant's line of the table, its images, and its scores with their resamples.

    Parameters
    ----------
    row:
        All figures.
    images:
        float32 ``[n, 1, 8, 8]``.
    scores:
        ``"SQNR"`` and ``"PSNR"`` in dB, ``"Frechet"`` the distance to the real digits.
    """

    row: Row
    images: Tensor
    scores: Mapping[str, Score]
