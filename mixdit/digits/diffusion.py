"""Diffusion: noise that is added in training, and removed by DDIM sampling (arXiv 2010.02502)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mixdit.digits.data import CLASSES, IMAGE_SIZE

__all__ = [
    "TIMESTEPS",
    "Trajectory",
    "add_noise",
    "balanced_labels",
    "initial_noise",
    "sample",
    "sampling_timesteps",
    "trajectory",
]

TIMESTEPS = 1000

Progress = Callable[[int, int], None]
"""Called with the sampling steps done and the steps in all."""


BETAS = 1e-4, 0.02
"""Variance of the noise that the first and the last training timestep adds; linear in between."""


def _signal() -> Tensor:
    """Share of an image's power left at each timestep: float32 ``[TIMESTEPS]``."""
    return torch.cumprod(1 - torch.linspace(*BETAS, TIMESTEPS), 0)


def add_noise(images: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
    """Images at ``timesteps`` (int64 ``[batch]``) of the forward process; shapes as in the model."""
    signal = _signal()[timesteps].view(-1, 1, 1, 1)
    return signal**0.5 * images + (1 - signal) ** 0.5 * noise


def initial_noise(count: int, seed: int, side: int = IMAGE_SIZE) -> Tensor:
    """Standard normal float32 ``[count, 1, side, side]``: a larger ``count`` continues a smaller one."""
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randn(1, side, side, generator=generator) for _ in range(count)])


def balanced_labels(count: int) -> Tensor:
    """0, 1, ... 9, 0, ...: int64 ``[count]``."""
    return torch.arange(count) % CLASSES


def sampling_timesteps(steps: int) -> Tensor:
    """The timesteps that ``sample`` visits, from noise to image: int64 ``[steps]``."""
    if not 1 <= steps <= TIMESTEPS:
        raise ValueError(f"steps must be 1 to {TIMESTEPS}, not {steps!r}")
    return torch.arange(TIMESTEPS, 0, -TIMESTEPS / steps, dtype=torch.float64).round().long() - 1


@torch.inference_mode()
def sample(
    model: nn.Module,
    noise: Tensor,
    labels: Tensor,
    steps: int = 20,
    progress: Progress | None = None,
    batch: int = 50,
) -> Tensor:
    """Images by deterministic DDIM, without guidance.

    Parameters
    ----------
    model:
        Predicts noise from (images, timesteps, labels), as `DigitsTransformer` does.
    noise:
        float32 ``[n, 1, side, side]``: the same noise gives the same images.
    labels:
        int64 ``[n]``.
    steps:
        Denoising steps, 1 to 1000.
    progress:
        Called after every step of every batch.
    batch:
        Samples that go through the model together: few enough that their activations stay in cache.

    Returns
    -------
    float32 ``[n, 1, side, side]``, -1 to 1
    """
    batches = list(zip(noise.split(batch), labels.split(batch), strict=True))
    images = []
    for i, (x, y) in enumerate(batches):
        done = i * steps
        for denoised, _ in _denoise(model, x, y, steps):
            done += 1
            latest = denoised
            if progress:
                progress(done, len(batches) * steps)
        images.append(latest)
    return torch.cat(images)


@dataclass(frozen=True, eq=False)
class Trajectory:
    """What a model saw and said while it sampled.

    Parameters
    ----------
    batches:
        Its arguments at each step, noise first.
    predicted:
        The noise that it predicted: float32 ``[steps, n, 1, side, side]``.
    images:
        The samples: float32 ``[n, 1, side, side]``.
    """

    batches: list[tuple[Tensor, Tensor, Tensor]]
    predicted: Tensor
    images: Tensor


@torch.inference_mode()
def trajectory(model: nn.Module, noise: Tensor, labels: Tensor, steps: int) -> Trajectory:
    """Sample as ``sample`` does, all images together, and keep every step."""
    denoised, predicted = zip(*_denoise(model, noise, labels, steps), strict=True)
    seen = (noise, *denoised[:-1])
    timesteps = [t.expand(len(noise)) for t in sampling_timesteps(steps)]
    batches = [(x, t, labels) for x, t in zip(seen, timesteps, strict=True)]
    return Trajectory(batches, torch.stack(predicted), denoised[-1])


def _denoise(model: nn.Module, x: Tensor, labels: Tensor, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The images after each step, and the noise that was predicted in it."""
    signal = _signal()
    for timestep in sampling_timesteps(steps):
        predicted = model(x, timestep.expand(len(x)), labels)
        now, before = signal[timestep], timestep - TIMESTEPS // steps
        then = signal[before] if before >= 0 else torch.tensor(1.0)
        image = ((x - (1 - now) ** 0.5 * predicted) / now**0.5).clamp(-1, 1)
        noise = (x - now**0.5 * image) / (1 - now) ** 0.5  # that leads to the clamped image
        x = then**0.5 * image + (1 - then) ** 0.5 * noise
        yield x, predicted
