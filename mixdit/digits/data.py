"""The digits: 1,797 images of 8x8 pixels inside scikit-learn's wheel."""

import torch
from torch import Tensor

__all__ = ["CLASSES", "IMAGE_SIZE", "load_digits"]

CLASSES = 10
IMAGE_SIZE = 8


def load_digits() -> tuple[Tensor, Tensor]:
    """Images float32 ``[1797, 1, 8, 8]`` from -1 (paper) to 1 (ink), and labels int64 ``[1797]``."""
    from sklearn import datasets  # takes a second, and not every process needs it

    digits = datasets.load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 8 - 1
    return images, torch.tensor(digits.target, dtype=torch.int64)
