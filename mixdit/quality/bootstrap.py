"""Paired bootstrap: how much a difference between two sets of samples owes to the choice of samples."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Interval", "resamples"]


@dataclass(frozen=True)
class Interval:
    """A bootstrapped difference.

    Parameters
    ----------
    sd:
        Standard deviation over the resamples.
    low, high:
        Ends of the central 95% of the resamples.
    """

    sd: float
    low: float
    high: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> "Interval":
        """Of one value per resample; not a number where values are infinite."""
        if not np.isfinite(values).all():
            return cls(math.nan, math.nan, math.nan)
        low, high = np.quantile(values, (0.025, 0.975))
        return cls(float(values.std(ddof=1)), float(low), float(high))


def resamples(count: int, repeats: int, seed: int = 0) -> NDArray[np.int64]:
    """Indices int64 ``[repeats, count]`` drawn with replacement.

    The same indices for both sides of a comparison make it paired: sample i has the same noise
    and label everywhere.
    """
    return np.random.default_rng(seed).integers(count, size=(repeats, count))
