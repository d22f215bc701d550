"""Fashion-MNIST: 70,000 pictures of clothes, 28x28 pixels, in ten classes (arXiv 1708.07747, MIT licence)."""

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from mixdit.digits.data import CLASSES
from mixdit.digits.idx_files import read_idx

__all__ = ["DEBIAN", "SIDE", "load_fashion"]

SIDE = 28

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package ``dataset-fashion-mnist`` puts the files; any folder with them will do."""


def load_fashion(folder: Path = DEBIAN, part: Literal["train", "t10k"] = "train") -> tuple[Tensor, Tensor]:
    """The 60,000 pictures to train with, or the 10,000 held out (``t10k``).

    Returns
    -------
    images, labels:
        float32 ``[n, 1, 28, 28]`` from -1 (background) to 1, and int64 ``[n]`` from 0 to 9.

    Raises
    ------
    ValueError
        Files that are missing or hold something else.
    """
    images = read_idx(folder / f"{part}-images-idx3-ubyte", 3)
    labels = read_idx(folder / f"{part}-labels-idx1-ubyte", 1)
    if images.shape[1:] != (SIDE, SIDE):
        raise ValueError(f"pictures in {folder} must be of {SIDE}x{SIDE} pixels, not {images.shape[1:]}")
    if len(labels) != len(images) or labels.max() >= CLASSES:
        raise ValueError(
            f"{folder} must have a label from 0 to {CLASSES - 1} for each of {len(images)} pictures, "
            f"not {len(labels)} up to {labels.max()}"
        )
    pixels = torch.from_numpy(images.copy()).float()[:, None] / 127.5 - 1
    return pixels, torch.from_numpy(labels.copy()).long()
