"""The set-up that every variant of a model is measured in: same noise, same labels, same resamples."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mixdit.digits.checkpoint import load_model
from mixdit.digits.data import CLASSES
from mixdit.digits.diffusion import Trajectory, balanced_labels, initial_noise, sample, trajectory
from mixdit.digits.guided import Guided
from mixdit.layers.batches import Batch
from mixdit.quality.bootstrap import resamples
from mixdit.quality.frechet import inception_score
from mixdit.quality.judge import Judge
from mixdit.quality.mx9_share import count_mx9
from mixdit.quality.pass_count import count_passes
from mixdit.quality.result import Result
from mixdit.quality.row import Row
from mixdit.quality.score import Score, decibel_score
from mixdit.quality.similarity import PEAK, decibels, psnr, ssim
from mixdit.rivals.noise_error import predict, thin

__all__ = ["Experiment"]

SAMPLING_SEEDS, CALIBRATION_SEED = (123, 124), 456
"""Images come from the noise of the former in turn; what is chosen or calibrated sees the latter alone."""

CALIBRATION_IMAGES = 32
SQNR_SHARE, SQNR_IMAGES = 10, (16, 32)
"""Predicted noise is compared on one image of so many, on no fewer (if there are) and no more than these."""

CHOICE_TIMESTEPS, CHOICE_IMAGES = 10, 16
"""Of the calibration, that variants are compared on to choose one."""

BATCH_TOKENS = 1600
"""Tokens that go through a model together."""

REPEATS = 200
"""Bootstrap resamples."""


class Experiment:
    """A model, the images it makes in float32, and what is needed to compare others with it.

    Parameters
    ----------
    name:
        Of a model in the project, or a checkpoint file.
    samples:
        Images, at least 2.
    steps:
        Denoising steps.
    guidance:
        Scale of classifier-free guidance, of all images and of the noise that is compared; 1 for none.

    Attributes
    ----------
    model:
        The float32 model.
    batches:
        Calibration batches, one per timestep, from other noise than the samples'; with guidance what the
        model is called with, each image with and without its label.
    test_batches:
        Likewise, from the samples' noise: the path along which predicted noise is compared.
    images:
        The float32 model's samples ``[samples, 1, side, side]``.
    """

    def __init__(self, name: str, samples: int, steps: int, guidance: float = 1.0):
        if samples < 2:
            raise ValueError(f"samples must be at least 2, not {samples!r}")
        self.name = name
        self.samples = samples
        self.steps = steps
        self.guidance = guidance
        self.model = load_model(name)
        self._side = self.model.shape.image
        self.noise = _noise(samples, self._side)
        self.labels = balanced_labels(samples)
        calibration = initial_noise(CALIBRATION_IMAGES, CALIBRATION_SEED, self._side)
        path = self._path(calibration)
        self.batches = self._calls(path.batches)
        self._choice_noise, self._choice_images = calibration[:CHOICE_IMAGES], path.images[:CHOICE_IMAGES]
        self._choice = thin(self.model, self.batches, CHOICE_TIMESTEPS, CHOICE_IMAGES)
        self._choice_predicted = predict(self.model, self._choice).double()
        self._judge = Judge.of(self._side)
        start = time.perf_counter()
        fewest, most = SQNR_IMAGES
        path = self._path(self.noise[: min(max(-(-samples // SQNR_SHARE), fewest), most)])
        self.test_batches, self._predicted = path.batches, path.predicted.double()
        first = len(path.images)
        rest = [self._sample(self.model, self.noise[first:], self.labels[first:])] if samples > first else []
        self.images = torch.cat([path.images, *rest])
        self._seconds = time.perf_counter() - start
        self._resamples = resamples(samples, REPEATS)
        self._path_resamples = resamples(first, REPEATS)
        features, _ = self._judge(self.images)
        self._frechet = Score(float(self._judge.real.distance(features)), self._resampled_frechet(features))

    def _path(self, noise: Tensor) -> Trajectory:
        return trajectory(self._guided(self.model), noise, balanced_labels(len(noise)), self.steps)

    def _guided(self, model: nn.Module) -> nn.Module:
        return model if self.guidance == 1 else Guided(model, self.guidance)

    def _calls(self, batches: list[Batch]) -> list[Batch]:
        """What the model itself is called with."""
        guided = self._guided(self.model)
        return [guided.both(*batch) for batch in batches] if isinstance(guided, Guided) else batches

    def _sample(
        self,
        model: nn.Module,
        noise: Tensor,
        labels: Tensor,
        progress: Callable[[int, int], None] | None = None,
    ) -> Tensor:
        batch = max(1, BATCH_TOKENS // self.model.shape.side**2)
        model = self._guided(model)
        return sample(model, noise, labels, self.steps, progress, batch)

    def _resampled_frechet(self, features: np.ndarray) -> np.ndarray:
        """Distances of all resamples, some at a time: ``[repeats]``."""
        return np.concatenate(
            [self._judge.real.distance(features[rows]) for rows in np.split(self._resamples, 10)]
        )

    def measure(
        self,
        model: nn.Module,
        description: Mapping[str, Any],
        progress: Callable[[int, int], None] | None = None,
    ) -> Result:
        """Sample from a variant and compare with the float32 model.

        Parameters
        ----------
        model:
            The variant; `self.model` itself is not sampled again.
        description:
            The fields of `Row` that say what the variant is.
        progress:
            Called with sampling steps done and in all.
        """
        if model is self.model:
            images, seconds = self.images, self._seconds
        else:
            start = time.perf_counter()
            images = self._sample(model, self.noise, self.labels, progress)
            seconds = time.perf_counter() - start
        features, probabilities = self._judge(images)
        frechet = Score(float(self._judge.real.distance(features)), self._resampled_frechet(features))
        delta = frechet - self._frechet
        errors = (images - self.images).double().square().flatten(1).mean(dim=1).numpy()
        psnr = decibel_score(np.full(len(errors), PEAK**2), errors, self._resamples)
        with count_mx9(model) as (linear, attention), count_passes(model) as passes:
            again = model is not self.model
            predicted = predict(self._guided(model), self.test_batches).double() if again else self._predicted
        difference = (predicted - self._predicted).square().flatten(2).sum(dim=2)
        power = self._predicted.square().flatten(2).sum(dim=2)
        sqnr = decibel_score(power.sum(0).numpy(), difference.sum(0).numpy(), self._path_resamples)
        row = Row(
            model=self.name,
            **description,
            psnr_db=_finite(psnr.value),
            psnr_low=_finite(psnr.interval.low),
            psnr_high=_finite(psnr.interval.high),
            ssim=ssim(images, self.images),
            sqnr_db=_finite(sqnr.value),
            sqnr_low=_finite(sqnr.interval.low),
            sqnr_high=_finite(sqnr.interval.high),
            sqnr_calibration_db=_finite(self._choice_sqnr(model)),
            psnr_calibration_db=_finite(self._choice_psnr(model)),
            sqnr_by_timestep={
                int(batch[1][0]): _finite(decibels(p, d))
                for batch, p, d in zip(
                    self.test_batches, power.sum(1).tolist(), difference.sum(1).tolist(), strict=True
                )
            },
            frechet=frechet.value,
            frechet_delta=delta.value,
            frechet_delta_sd=delta.interval.sd,
            frechet_delta_low=delta.interval.low,
            frechet_delta_high=delta.interval.high,
            inception_score=inception_score(probabilities),
            accuracy=float((probabilities.argmax(axis=1) == self.labels.numpy()).mean()),
            mx9_linear=linear.share,
            mx9_attention=attention.share,
            passes=passes.ratio,
            samples=self.samples,
            steps=self.steps,
            guidance=self.guidance,
            seconds=seconds,
        )
        return Result(row, images, {"SQNR": sqnr, "PSNR": psnr, "Frechet": frechet})

    def _choice_sqnr(self, model: nn.Module) -> float:
        """SQNR in dB on a part of the calibration."""
        error = predict(model, self._choice).double() - self._choice_predicted
        return decibels(self._choice_predicted.square().sum().item(), error.square().sum().item())

    def _choice_psnr(self, model: nn.Module) -> float:
        """PSNR in dB of the same images after all steps."""
        if model is self.model:
            return math.inf
        images = self._sample(model, self._choice_noise, balanced_labels(CHOICE_IMAGES))
        return psnr(images, self._choice_images)


def _noise(count: int, side: int) -> Tensor:
    """Noise ``[count, 1, side, side]`` of each seed in turn, for one image of every class at a time."""
    turns = torch.arange(count) // CLASSES % len(SAMPLING_SEEDS)
    by_seed = torch.stack([initial_noise(count, seed, side) for seed in SAMPLING_SEEDS])
    return by_seed[turns, torch.arange(count)]


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
