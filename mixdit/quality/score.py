"""A figure of a variant, and the same figure of resamples of its images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixdit.quality.bootstrap import Interval

__all__ = ["Score", "decibel_score"]


@dataclass(frozen=True, eq=False)
class Score:
    """A figure, and how it would vary with other images.

    Parameters
    ----------
    value:
        Of all images.
    resampled:
        Of each resample: float64 ``[repeats]``. Resample i holds the same images for every variant of a
        model, so the difference of two variants' arrays is a paired one.
    """

    value: float
    resampled: NDArray[np.float64]

    @property
    def interval(self) -> Interval:
        """Its central 95%."""
        return Interval.of(self.resampled)

    def __neg__(self) -> "Score":
        return Score(-self.value, -self.resampled)

    def __sub__(self, other: "Score") -> "Score":
        return Score(self.value - other.value, self.resampled - other.resampled)

    def __truediv__(self, other: "Score") -> "Score":
        with np.errstate(divide="ignore", invalid="ignore"):
            return Score(
                float(np.float64(self.value) / np.float64(other.value)), self.resampled / other.resampled
            )


def decibel_score(signal: NDArray[np.float64], noise: NDArray[np.float64], rows: NDArray[np.int64]) -> Score:
    """``10 log10(sum signal / sum noise)``, of all images and of resamples; infinite without noise.

    Parameters
    ----------
    signal, noise:
        Power of each image: float64 ``[n]``.
    rows:
        Images of each resample: int64 ``[repeats, n]``.
    """
    with np.errstate(divide="ignore"):
        value = 10 * np.log10(signal.sum() / noise.sum())
        resampled = 10 * np.log10(signal[rows].sum(axis=1) / noise[rows].sum(axis=1))
    return Score(float(value), resampled)
