"""The set-up that every variant of a model is measured in: same noise, same labels, same resamples."""

import time
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from mixdit.digits.checkpoint import load_model
from mixdit.digits.classifier import load_classifier
from mixdit.digits.data import load_digits
from mixdit.digits.diffusion import Trajectory, balanced_labels, initial_noise, sample, trajectory
from mixdit.quality.bootstrap import Interval, resamples
from mixdit.quality.frechet import FrechetReference, inception_score
from mixdit.quality.mx9_share import count_mx9
from mixdit.quality.pass_count import count_passes
from mixdit.quality.row import Row
from mixdit.quality.similarity import PEAK, decibels, psnr, ssim

__all__ = ["Experiment"]

SAMPLING_SEED, CALIBRATION_SEED = 123, 456
CALIBRATION_IMAGES = 32
SQNR_SHARE, SQNR_IMAGES = 10, 32
"""Predicted noise is compared on one image of so many, and on no more images than that."""

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

    Attributes
    ----------
    model:
        The float32 model.
    batches:
        Calibration batches, one per timestep, from other noise than the samples'.
    test_batches:
        Likewise, from the samples' noise: the path along which predicted noise is compared.
    images:
        The float32 model's samples ``[samples, 1, 8, 8]``.
    """

    def __init__(self, name: str, samples: int, steps: int):
        if samples < 2:
            raise ValueError(f"samples must be at least 2, not {samples!r}")
        self.name = name
        self.samples = samples
        self.steps = steps
        self.model = load_model(name)
        self.noise = initial_noise(samples, SAMPLING_SEED)
        self.labels = balanced_labels(samples)
        self.batches = self._path(CALIBRATION_IMAGES, CALIBRATION_SEED).batches
        self._classifier = load_classifier()
        self._real = FrechetReference.fit(self._judge(load_digits()[0])[0])
        start = time.perf_counter()
        path = self._path(min(-(-samples // SQNR_SHARE), SQNR_IMAGES), SAMPLING_SEED)
        self.test_batches, self._predicted = path.batches, path.predicted.double()
        first = len(path.images)
        rest = [self._sample(self.model, first)] if samples > first else []
        self.images = torch.cat([path.images, *rest])
        self._seconds = time.perf_counter() - start
        self._resamples = resamples(samples, REPEATS)
        features, _ = self._judge(self.images)
        self._frechet = float(self._real.distance(features))
        self._frechet_resampled = self._resampled_frechet(features)

    def _path(self, images: int, seed: int) -> Trajectory:
        return trajectory(self.model, initial_noise(images, seed), balanced_labels(images), self.steps)

    def _sample(
        self, model: nn.Module, first: int = 0, progress: Callable[[int, int], None] | None = None
    ) -> Tensor:
        """All images from number ``first`` on."""
        batch = max(1, BATCH_TOKENS // self.model.shape.side**2)
        return sample(model, self.noise[first:], self.labels[first:], self.steps, progress, batch)

    @torch.inference_mode()
    def _judge(self, images: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Features ``[n, 64]`` and class probabilities ``[n, 10]``, float64."""
        features, logits = self._classifier(images)
        return features.double().numpy(), logits.double().softmax(dim=1).numpy()

    @torch.inference_mode()
    def _predict(self, model: nn.Module) -> Tensor:
        return torch.stack([model(*batch) for batch in self.test_batches]).double()

    def _resampled_frechet(self, features: np.ndarray) -> np.ndarray:
        """Distances of all resamples, some at a time: ``[repeats]``."""
        return np.concatenate([self._real.distance(features[rows]) for rows in np.split(self._resamples, 10)])

    def measure(
        self,
        model: nn.Module,
        description: Mapping[str, str],
        progress: Callable[[int, int], None] | None = None,
    ) -> tuple[Row, Tensor]:
        """Sample from a variant and compare with the float32 model.

        Parameters
        ----------
        model:
            The variant; `self.model` itself is not sampled again.
        description:
            The fields of `Row` that say what the variant is.
        progress:
            Called with sampling steps done and in all.

        Returns
        -------
        row, images
        """
        if model is self.model:
            images, seconds = self.images, self._seconds
        else:
            start = time.perf_counter()
            images = self._sample(model, progress=progress)
            seconds = time.perf_counter() - start
        features, probabilities = self._judge(images)
        delta = Interval.of(self._resampled_frechet(features) - self._frechet_resampled)
        frechet = float(self._real.distance(features))
        errors = (images - self.images).double().square().flatten(1).mean(dim=1).numpy()
        psnr_high, psnr_low = np.quantile(errors[self._resamples].mean(axis=1), (0.025, 0.975))
        with count_mx9(model) as (linear, attention), count_passes(model) as passes:
            predicted = self._predicted if model is self.model else self._predict(model)
        difference = (predicted - self._predicted).square().flatten(1).sum(dim=1)
        power = self._predicted.square().flatten(1).sum(dim=1)
        row = Row(
            model=self.name,
            **description,
            psnr_db=_finite(psnr(images, self.images)),
            psnr_low=_finite(decibels(PEAK**2, psnr_low)),
            psnr_high=_finite(decibels(PEAK**2, psnr_high)),
            ssim=ssim(images, self.images),
            sqnr_db=_finite(decibels(power.sum().item(), difference.sum().item())),
            sqnr_by_timestep={
                int(batch[1][0]): _finite(decibels(p, d))
                for batch, p, d in zip(self.test_batches, power.tolist(), difference.tolist(), strict=True)
            },
            frechet=frechet,
            frechet_delta=frechet - self._frechet,
            frechet_delta_sd=delta.sd,
            frechet_delta_low=delta.low,
            frechet_delta_high=delta.high,
            inception_score=inception_score(probabilities),
            accuracy=float((probabilities.argmax(axis=1) == self.labels.numpy()).mean()),
            mx9_linear=linear.share,
            mx9_attention=attention.share,
            passes=passes.ratio,
            samples=self.samples,
            steps=self.steps,
            seconds=seconds,
        )
        return row, images


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
