"""Error of predicted noise, which searches minimize."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mixdit.rivals.statistics import Batch

__all__ = ["predict", "thin"]


def thin(batches: Sequence[Batch], timesteps: int, images: int) -> list[Batch]:
    """A part of ``batches``: evenly spread timesteps, and the first images of each."""
    step = max(1, len(batches) // timesteps)
    return [(x[:images], t[:images], y[:images]) for x, t, y in list(batches)[step // 2 :: step]]


@torch.inference_mode()
def predict(model: nn.Module, batches: Sequence[Batch]) -> Tensor:
    """Predicted noise float32 ``[batches, images, 1, 8, 8]``."""
    return torch.stack([model(*batch) for batch in batches])
