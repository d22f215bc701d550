"""A pipeline's run, step by step: its own way, or along the way of another run."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = ["SamplingPath", "along", "recorded"]


@dataclass(frozen=True, eq=False)
class SamplingPath:
    """What a run went through.

    Parameters
    ----------
    timesteps:
        Of each step.
    noise:
        What each step took for the model's prediction, guidance included: float32 ``[steps, ...]``.
    latents:
        What each step made of it: ``[steps, ...]``.
    """

    timesteps: Sequence[float]
    noise: Tensor
    latents: Tensor


@contextmanager
def recorded(pipeline: Any) -> Iterator[Callable[[], SamplingPath]]:
    """While active, a run of ``pipeline`` is recorded; what it yields makes a path of it."""
    seen: list[tuple[float, Tensor, Tensor]] = []

    def keep(noise: Tensor, timestep: Any, latents: Tensor) -> Tensor:
        seen.append((float(timestep), noise.float().cpu(), latents.float().cpu()))
        return latents

    with _steps(pipeline.scheduler, keep):
        yield lambda: SamplingPath(
            [timestep for timestep, _, _ in seen],
            torch.stack([noise for _, noise, _ in seen]),
            torch.stack([latents for _, _, latents in seen]),
        )


@contextmanager
def along(pipeline: Any, path: SamplingPath) -> Iterator[list[Tensor]]:
    """While active, a run of ``pipeline`` goes along ``path``, whatever its model predicts.

    Yields a list that what each step takes for the prediction joins, float32 on the CPU.
    """
    predicted: list[Tensor] = []

    def replace(noise: Tensor, timestep: Any, latents: Tensor) -> Tensor:
        predicted.append(noise.float().cpu())
        return path.latents[len(predicted) - 1].to(latents)

    with _steps(pipeline.scheduler, replace):
        yield predicted


@contextmanager
def _steps(scheduler: Any, change: Callable[[Tensor, Any, Tensor], Tensor]) -> Iterator[None]:
    """Have ``change(noise, timestep, latents)`` say which latents each step of a scheduler gives."""
    original = scheduler.step

    def step(model_output: Tensor, timestep: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(model_output, timestep, *args, **kwargs)
        if isinstance(result, tuple):
            return (change(model_output, timestep, result[0]), *result[1:])
        result.prev_sample = change(model_output, timestep, result.prev_sample)
        return result

    scheduler.step = step
    try:
        yield
    finally:
        del scheduler.step
