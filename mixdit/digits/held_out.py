"""What Fashion-MNIST's held-out pictures are to its classifier, kept, so that judging needs no download."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from mixdit.digits.checkpoint import CHECKPOINTS
from mixdit.digits.classifier import EVALUATED, Classifier
from mixdit.digits.fashion import DEBIAN, load_fashion

__all__ = ["HELD_OUT", "feature_moments", "load_moments"]

HELD_OUT = "fashion-held-out"
"""Name of the file."""


@torch.inference_mode()
def feature_moments(classifier: Classifier, folder: Path = DEBIAN) -> dict[str, Tensor]:
    """``mean`` ``[64]`` and ``covariance`` ``[64, 64]``, float64, of its features of 10,000 pictures."""
    images, _ = load_fashion(folder, "t10k")
    features = torch.cat([classifier(x)[0] for x in images.split(EVALUATED)]).double()
    return {"mean": features.mean(dim=0), "covariance": features.T.cov()}


def load_moments() -> tuple[Tensor, Tensor]:
    """Mean and covariance as `feature_moments` has them, of the classifier that comes with the project."""
    kept = load_file(CHECKPOINTS / f"{HELD_OUT}.safetensors")
    return kept["mean"], kept["covariance"]
