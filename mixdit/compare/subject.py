"""The model that variants are made of, in one process."""

from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mixdit.calibration.passes import Passes
from mixdit.calibration.pipelines import KINDS, check_labels, load_pipeline, run_pipeline
from mixdit.compare.comparison import CALIBRATION_SEEDS, CompareError, Comparison
from mixdit.compare.sampling import SamplingPath, along, recorded
from mixdit.quality.mx9_share import count_mx9
from mixdit.quality.pass_count import count_passes
from mixdit.quality.similarity import PEAK, ssim
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.variants import VARIANTS

__all__ = ["Arrays", "Measurement", "Subject"]

Arrays = dict[str, NDArray[Any]]

Measurement = tuple[Arrays, dict[str, Any]]
"""The image, and figures that JSON can hold."""


class Subject:
    """A pipeline with its model in float32, and the variant that was used last.

    Parameters
    ----------
    comparison:
        What to sample.

    Raises
    ------
    LoadError
        The pipeline cannot be loaded, or does not know a label.
    """

    def __init__(self, comparison: Comparison) -> None:
        self.comparison, self.kind = comparison, KINDS[comparison.pipeline]
        self.pipeline = load_pipeline(comparison.model, self.kind, device=comparison.device)
        check_labels(self.pipeline, self.kind, comparison.items)
        self.model: nn.Module = self.pipeline.transformer
        self._variant: tuple[str, nn.Module] = ("FP32", self.model)

    @cached_property
    def calibration(self) -> Calibration:
        """Of images that no figure is of."""
        passes = Passes()
        with passes.watch(self.model):
            for number in range(self.comparison.calibration_images):
                self._sample(self.model, number, CALIBRATION_SEEDS, "latent")
        return Calibration(self.model, passes.kwargs)

    def variant(self, name: str) -> nn.Module:
        """The variant of this name; CompareError if the model does not allow it."""
        if self._variant[0] != name:
            self._variant = ("", self.model)  # its memory is free for the next one
            try:
                self._variant = (name, VARIANTS[name].build(self.calibration))
            except ValueError as error:
                raise CompareError(
                    f"variant {name!r} cannot be made of {self.comparison.model}: {error}"
                ) from error
        return self._variant[1]

    def reference(self, number: int) -> Arrays:
        """Image ``number`` of the model itself and the way to it: ``image``, and the members of a path."""
        with recorded(self.pipeline) as path:
            image = self._sample(self.model, number)
        found = path()
        return {
            "image": image,
            "timesteps": np.array(found.timesteps),
            "noise": found.noise.numpy(),
            "latents": found.latents.numpy(),
        }

    def measure(self, name: str, number: int, reference: Arrays, predictions: bool) -> Measurement:
        """Image ``number`` of a variant, beside the reference: in uint8, and figures.

        Parameters
        ----------
        name:
            Of the variant.
        number:
            Of the image.
        reference:
            What `reference` gave for this number.
        predictions:
            Whether predicted noise is compared too, along the reference's path.
        """
        model = self.variant(name)
        itself = model is self.model
        image = reference["image"] if itself else self._sample(model, number)
        pixels, expected = _pixels(image), _pixels(reference["image"])
        figures: dict[str, Any] = {
            "squared_error": (pixels - expected).square().mean().item(),
            "ssim": ssim(pixels, expected),
        }
        if predictions:
            figures |= self._predictions(model, number, reference)
        return {"image": eight_bits(image)}, figures

    def _predictions(self, model: nn.Module, number: int, reference: Arrays) -> dict[str, Any]:
        """Power and error of predicted noise at every step, and what was counted meanwhile."""
        expected, latents = (torch.from_numpy(reference[name]) for name in ("noise", "latents"))
        path = SamplingPath(reference["timesteps"].tolist(), expected, latents)
        with (
            count_mx9(model) as (linear, attention),
            count_passes(model) as passes,
            along(self.pipeline, path) as predicted,
        ):
            self._sample(model, number, output_type="latent")
        difference = torch.stack(predicted).double() - expected.double()
        return {
            "timesteps": list(path.timesteps),
            "power": expected.double().square().flatten(1).sum(1).tolist(),
            "error": difference.square().flatten(1).sum(1).tolist(),
            "passes": [passes.passes, passes.in_mx6],
            "mx9_linear": [linear.in_mx9, linear.elements],
            "mx9_attention": [attention.in_mx9, attention.elements],
        }

    @torch.inference_mode()
    def _sample(
        self, model: nn.Module, number: int, seeds: int = 0, output_type: str = "np"
    ) -> NDArray[np.float32]:
        """Image ``number``: float32 ``[height, width, 3]`` in 0 to 1, a video's ``[frames, ...]`` before."""
        c = self.comparison
        self.pipeline.transformer = model
        try:
            (image,) = run_pipeline(
                self.pipeline,
                self.kind,
                [c.item(number)],
                steps=c.steps,
                seed=c.seed + seeds + number,
                guidance=c.guidance,
                size=c.size,
                output_type=output_type,
            )
        finally:
            self.pipeline.transformer = self.model
        if isinstance(image, Tensor):
            image = image.float().cpu().numpy()
        if not np.isfinite(image).all():
            raise CompareError(f"image {number} is not finite")
        return np.ascontiguousarray(image, np.float32)


def eight_bits(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """As files of images hold them."""
    return np.asarray(np.rint(image.clip(0, 1) * 255), np.uint8)


def _pixels(image: NDArray[np.float32]) -> Tensor:
    """Every colour of every frame as a picture of its own, -1 to 1: float64 ``[n, 1, height, width]``."""
    frames = torch.from_numpy(image).double().reshape(-1, *image.shape[-3:])
    return (frames.permute(0, 3, 1, 2).flatten(0, 1)[:, None] - 0.5) * PEAK
