"""Diffusion: noise that is added in training, and removed by DDIM sampling (arXiv 2010.02502)."""

from collections.abc import Callable, Iterator

import torch
from diffusers import DDIMScheduler
from torch import Tensor, nn

from dit.digits.data import CLASSES, IMAGE_SIZE

__all__ = [
    "TIMESTEPS",
    "add_noise",
    "balanced_labels",
    "initial_noise",
    "sample",
    "sampling_timesteps",
    "trajectory",
]

TIMESTEPS = 1000

BATCH = 50
"""Samples that go through the model together: their activations stay in cache."""

Progress = Callable[[int, int], None]
"""Called with the sampling steps done and the steps in all."""


def _scheduler(steps: int = TIMESTEPS) -> DDIMScheduler:
    if not 1 <= steps <= TIMESTEPS:
        raise ValueError(f"steps must be 1 to {TIMESTEPS}, not {steps!r}")
    scheduler = DDIMScheduler(
        num_train_timesteps=TIMESTEPS,
        beta_start=1e-4,
        beta_end=0.02,
        beta_schedule="linear",
        clip_sample=True,
        timestep_spacing="trailing",
    )
    scheduler.set_timesteps(steps)
    return scheduler


def add_noise(images: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
    """Images at ``timesteps`` (int64 ``[batch]``) of the forward process; shapes as in the model."""
    noisy: Tensor = _scheduler().add_noise(images, noise, timesteps)
    return noisy


def initial_noise(count: int, seed: int) -> Tensor:
    """Standard normal float32 ``[count, 1, 8, 8]``: a larger ``count`` continues a smaller one."""
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randn(1, IMAGE_SIZE, IMAGE_SIZE, generator=generator) for _ in range(count)])


def balanced_labels(count: int) -> Tensor:
    """0, 1, ... 9, 0, ...: int64 ``[count]``."""
    return torch.arange(count) % CLASSES


def sampling_timesteps(steps: int) -> Tensor:
    """The timesteps that ``sample`` visits, from noise to image: int64 ``[steps]``."""
    return _scheduler(steps).timesteps


@torch.inference_mode()
def sample(
    model: nn.Module, noise: Tensor, labels: Tensor, steps: int = 20, progress: Progress | None = None
) -> Tensor:
    """Images by deterministic DDIM, without guidance.

    Parameters
    ----------
    model:
        Predicts noise from (images, timesteps, labels), as `DigitsTransformer` does.
    noise:
        float32 ``[n, 1, 8, 8]``: the same noise gives the same images.
    labels:
        int64 ``[n]``.
    steps:
        Denoising steps, 1 to 1000.
    progress:
        Called after every step of every batch.

    Returns
    -------
    float32 ``[n, 1, 8, 8]``, -1 to 1
    """
    batches = list(zip(noise.split(BATCH), labels.split(BATCH), strict=True))
    images = []
    for i, (x, y) in enumerate(batches):
        done = i * steps
        for denoised in _denoise(model, x, y, steps):
            done += 1
            latest = denoised
            if progress:
                progress(done, len(batches) * steps)
        images.append(latest)
    return torch.cat(images)


@torch.inference_mode()
def trajectory(
    model: nn.Module, noise: Tensor, labels: Tensor, steps: int
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """What the model sees while ``sample`` runs: (images, timesteps, labels) of each step, noise first."""
    seen = [noise, *_denoise(model, noise, labels, steps)]
    return [(x, t.expand(len(x)), labels) for x, t in zip(seen, sampling_timesteps(steps), strict=False)]


def _denoise(model: nn.Module, x: Tensor, labels: Tensor, steps: int) -> Iterator[Tensor]:
    """The images after each step."""
    scheduler = _scheduler(steps)
    for timestep in scheduler.timesteps:
        predicted = model(x, timestep.expand(len(x)), labels)
        x = scheduler.step(predicted, timestep, x, use_clipped_model_output=True).prev_sample
        yield x
