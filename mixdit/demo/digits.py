"""Handwritten digits: scikit-learn's data set, in which the classifier sees one half."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Digits", "load_digits"]


@dataclass(frozen=True, eq=False)
class Digits:
    """Images and what they show.

    Attributes
    ----------
    images:
        float64 ``[n, 8, 8]``, whole numbers from 0 (paper) to 16 (ink).
    labels:
        int64 ``[n]``.
    """

    images: NDArray[np.float64]
    labels: NDArray[np.int64]

    @property
    def features(self) -> NDArray[np.float64]:
        """Two-dimensional cosine transform of the images: ``[n, 64]``.

        Like the activations of a large network it has few channels with large values (the low frequencies)
        and many with small ones. Its factors are whole multiples of 2**-12, so every sum is exact, whatever
        the order of its terms.
        """
        frequency, position = np.mgrid[:8, :8]
        scale = np.sqrt(np.where(frequency == 0, 1, 2) / 8)
        basis = np.rint(scale * np.cos(np.pi * frequency * (2 * position + 1) / 16) * 2**12) / 2**12
        features: NDArray[np.float64] = basis @ self.images @ basis.T / 16
        return features.reshape(-1, 64)


def load_digits() -> tuple[Digits, Digits]:
    """The half to learn from, and the half that is held out: the first 899 images and the other 898."""
    from sklearn import datasets  # type: ignore[import-untyped]

    data = datasets.load_digits()
    half = (len(data.images) + 1) // 2
    first, second = slice(half), slice(half, None)
    return Digits(data.images[first], data.target[first]), Digits(data.images[second], data.target[second])
