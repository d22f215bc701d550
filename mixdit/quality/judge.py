"""What judges the images of a model: the classifier of its pictures, and how far real ones are."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mixdit.digits.classifier import CLASSIFIERS, Classifier, load_classifier
from mixdit.digits.data import IMAGE_SIZE, load_digits
from mixdit.digits.held_out import load_moments
from mixdit.quality.frechet import FrechetReference

__all__ = ["Judge"]

_BATCH = 500
"""Images that the classifier sees at a time."""


@dataclass(frozen=True, eq=False)
class Judge:
    """A classifier, and the features of the real images that samples are compared with.

    Parameters
    ----------
    classifier:
        Names what an image shows.
    real:
        Of all digits, or of those 10,000 pictures of Fashion-MNIST that no training sees.
    """

    classifier: Classifier
    real: FrechetReference

    @classmethod
    def of(cls, side: int) -> "Judge":
        """For images of so many pixels a side: 8 for digits, 28 for Fashion-MNIST; ValueError for others."""
        names = {pixels: name for name, pixels in CLASSIFIERS.items()}
        if side not in names:
            known = " or ".join(map(str, names))
            raise ValueError(f"images must have {known} pixels a side to be judged, not {side}")
        classifier = load_classifier(names[side])
        if side == IMAGE_SIZE:
            return cls(classifier, FrechetReference.fit(_features(classifier, load_digits()[0])[0]))
        mean, covariance = load_moments()
        return cls(classifier, FrechetReference.of(mean.numpy(), covariance.numpy()))

    def __call__(self, images: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Features ``[n, 64]`` and class probabilities ``[n, 10]``."""
        return _features(self.classifier, images)


@torch.inference_mode()
def _features(classifier: Classifier, images: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    features, scores = (torch.cat(part) for part in zip(*map(classifier, images.split(_BATCH)), strict=True))
    return features.double().numpy(), scores.double().softmax(dim=1).numpy()
