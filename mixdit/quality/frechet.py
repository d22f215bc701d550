"""Frechet distance and Inception-style score of a classifier's features, whole and bootstrapped."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

__all__ = ["FrechetReference", "inception_score"]

Features = NDArray[np.float64]


def _moments(features: Features) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean ``[..., d]`` and covariance ``[..., d, d]`` of ``[..., n, d]``."""
    mean = features.mean(axis=-2, keepdims=True)
    centred = features - mean
    covariance = centred.swapaxes(-1, -2) @ centred / (features.shape[-2] - 1)
    return mean[..., 0, :], covariance


@dataclass(frozen=True, eq=False)
class FrechetReference:
    """Gaussian fitted to the features of real images, to measure samples against.

    Parameters
    ----------
    mean, covariance, root:
        float64 ``[d]``, ``[d, d]``, ``[d, d]``: moments, and the covariance's symmetric square root.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    root: NDArray[np.float64]

    @classmethod
    def fit(cls, features: Features) -> "FrechetReference":
        """Fit to ``[n, d]``."""
        return cls.of(*_moments(features))

    @classmethod
    def of(cls, mean: NDArray[np.float64], covariance: NDArray[np.float64]) -> "FrechetReference":
        """That of moments ``[d]`` and ``[d, d]``."""
        values, vectors = np.linalg.eigh(covariance)
        return cls(mean, covariance, (vectors * np.sqrt(values.clip(0))) @ vectors.T)

    def distance(self, features: Features) -> NDArray[np.float64]:
        """``|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`` of ``[..., n, d]``: float64 ``[...]``.

        Biased upward where n is small: compare distances of equal n only (Heusel et al., arXiv 1706.08500).
        The trace of the root is the sum of the square roots of the eigenvalues of the symmetric
        ``C1^(1/2) C2 C1^(1/2)``.
        """
        if features.shape[-2] < 2:
            raise ValueError(f"a Frechet distance needs at least 2 samples, not {features.shape[-2]}")
        # Matrices are small: threads would cost more time than they save, a hundredfold where cores are few.
        with threadpool_limits(1):
            mean, covariance = _moments(features)
            eigenvalues = np.linalg.eigvalsh(self.root @ covariance @ self.root)
        trace = np.trace(self.covariance) + np.trace(covariance, axis1=-2, axis2=-1)
        root = np.sqrt(eigenvalues.clip(0)).sum(axis=-1)
        distance: NDArray[np.float64] = np.square(self.mean - mean).sum(axis=-1) + trace - 2 * root
        return distance


def inception_score(probabilities: NDArray[np.float64]) -> float:
    """``exp`` of the mean divergence of each sample's classes ``[n, classes]`` from those of all samples.

    Between 1 and the number of classes (Salimans et al., arXiv 1606.03498).
    """
    overall = probabilities.mean(axis=0)
    floor = np.finfo(np.float64).tiny
    terms = probabilities * (np.log(probabilities + floor) - np.log(overall + floor))
    return float(np.exp(terms.sum(axis=1).mean()))
