"""One line of the quality table."""

from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Row"]


@dataclass(kw_only=True)
class Row:
    """What one variant of one model gave; decibels that would be infinite are None.

    Parameters
    ----------
    model, variant:
        Names.
    weights, activations, attention:
        What linear layers and attention multiply, in words.
    weight_bits:
        Bits of a weight in memory, see `mixdit.rivals.variants.Variant`.
    psnr_db, psnr_low, psnr_high:
        Peak signal-to-noise ratio to the float32 model's images with the same noise, and its 95% interval.
    ssim:
        Structural similarity to the same images.
    sqnr_db, sqnr_low, sqnr_high, sqnr_by_timestep:
        Power of the float32 model's predicted noise over that of the error, along the float32 model's
        sampling path: all together with its 95% interval, and for each timestep.
    sqnr_calibration_db:
        The same along a path of calibration: what a choice between variants may look at.
    psnr_calibration_db:
        Of images from calibration noise, in which the errors of all steps have added up: what else a choice
        may look at.
    frechet:
        Frechet distance of the classifier's features to those of the real digits.
    frechet_delta, frechet_delta_sd, frechet_delta_low, frechet_delta_high:
        The same minus the float32 model's, and its paired bootstrap: standard deviation, 95% interval.
    inception_score:
        Inception-style score with the classifier's classes.
    accuracy:
        Share of samples that the classifier takes for the digit that was asked for.
    mx9_linear, mx9_attention:
        Share of the activations of linear layers, and of attention operands, that were in MX9, counted
        along the float32 model's sampling path; None where no layer follows a plan.
    passes:
        Passes of the array for linear layers and attention over those in MX6, counted likewise; None where no
        layer follows a plan.
    samples, steps, guidance:
        Images, denoising steps of each, and the scale of classifier-free guidance, 1 without.
    seconds:
        Time that sampling took.
    """

    model: str
    variant: str
    weights: str
    activations: str
    attention: str
    weight_bits: float
    psnr_db: float | None
    psnr_low: float | None
    psnr_high: float | None
    ssim: float
    sqnr_db: float | None
    sqnr_low: float | None
    sqnr_high: float | None
    sqnr_calibration_db: float | None
    psnr_calibration_db: float | None
    sqnr_by_timestep: dict[int, float | None] = field(default_factory=dict)
    frechet: float
    frechet_delta: float
    frechet_delta_sd: float
    frechet_delta_low: float
    frechet_delta_high: float
    inception_score: float
    accuracy: float
    mx9_linear: float | None
    mx9_attention: float | None
    passes: float | None
    samples: int
    steps: int
    guidance: float
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Ready for ``json.dumps``."""
        return asdict(self)
