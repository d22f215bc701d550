"""Error of predicted noise, which searches minimize."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mixdit.layers.batches import Batch, call, first_tensor
from mixdit.rivals.statistics import timestep_of

__all__ = ["predict", "thin"]


def thin(model: nn.Module, batches: Sequence[Batch], timesteps: int, images: int) -> list[Batch]:
    """A part of ``batches`` of ``model``: evenly spread timesteps, and the first images of each.

    At least one batch of each timestep; of a larger one only the first ``images``.
    """
    by_timestep: dict[float, list[Batch]] = {}
    for batch in batches:
        by_timestep.setdefault(timestep_of(model, batch), []).append(batch)
    times = sorted(by_timestep, reverse=True)
    step = max(1, len(times) // timesteps)
    kept = []
    for time in times[step // 2 :: step]:
        left = images
        for batch in by_timestep[time]:
            if left > 0:
                kept.append(_first(batch, images))
                left -= _rows(batch)
    return kept


def _rows(batch: Batch) -> int:
    values = batch.values() if isinstance(batch, Mapping) else batch
    return len(next(value for value in values if isinstance(value, Tensor)))


def _first(batch: Batch, count: int) -> Batch:
    """The first samples of a batch."""
    rows = _rows(batch)

    def part(value: Any) -> Any:
        return value[:count] if isinstance(value, Tensor) and value.ndim and len(value) == rows else value

    if isinstance(batch, Mapping):
        return {name: part(value) for name, value in batch.items()}
    return tuple(part(value) for value in batch)


@torch.inference_mode()
def predict(model: nn.Module, batches: Sequence[Batch]) -> Tensor:
    """Predicted noise float32 ``[batches, images, ...]`` of batches of one size."""
    return torch.stack([first_tensor(call(model, batch)) for batch in batches])
