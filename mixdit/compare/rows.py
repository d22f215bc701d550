"""The figures of a comparison's variants."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mixdit.compare.results import Results
from mixdit.quality.memory import times_smaller
from mixdit.quality.similarity import PEAK, decibels
from mixdit.rivals.variants import Variant

__all__ = ["CompareRow", "make_row"]


@dataclass(kw_only=True)
class CompareRow:
    """One line of the table; decibels that would be infinite are None.

    Parameters
    ----------
    variant, weights, activations, attention, weight_bits:
        See `mixdit.rivals.variants.Variant`.
    memory:
        How many times smaller weights are than in FP16.
    images:
        How many.
    psnr_db, ssim:
        Of the images, against those of the model itself with the same noise.
    sqnr_db:
        Power of the noise that the model predicts over that of the error, along the model's own sampling
        paths.
    sqnr_by_timestep:
        The same of each step: pairs of timestep and decibels.
    passes:
        Passes of the array for linear layers and attention over those in MX6; None without a plan.
    mx9_linear, mx9_attention:
        Share of the activations of linear layers, and of attention operands, in MX9; None without a plan.
    scores:
        Those of `mixdit.compare.picture_scores`, by name.
    """

    variant: str
    weights: str
    activations: str
    attention: str
    weight_bits: float
    memory: float
    images: int
    psnr_db: float | None
    ssim: float
    sqnr_db: float | None
    sqnr_by_timestep: list[tuple[float, float | None]]
    passes: float | None
    mx9_linear: float | None
    mx9_attention: float | None
    scores: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Ready for ``json.dumps``."""
        return asdict(self)


def make_row(variant: Variant, results: Results, images: int) -> CompareRow:
    """The figures of ``images`` images, all of which are there."""
    found = [results.figures(variant.name, number) or {} for number in range(images)]
    watched = [figures for figures in found if "timesteps" in figures]
    power, error = ([sum(step) for step in zip(*(f[name] for f in watched), strict=True)] for name in SUMMED)
    return CompareRow(
        **variant.description,  # type: ignore[arg-type]
        memory=times_smaller(variant.weight_bits),
        images=images,
        psnr_db=_decibels(PEAK**2, _mean([figures["squared_error"] for figures in found])),
        ssim=_mean([figures["ssim"] for figures in found]),
        sqnr_db=_decibels(sum(power), sum(error)),
        sqnr_by_timestep=[
            (t, _decibels(p, e)) for t, p, e in zip(watched[0]["timesteps"], power, error, strict=True)
        ],
        passes=_ratio([figures["passes"] for figures in watched]),
        mx9_linear=_ratio([figures["mx9_linear"] for figures in watched]),
        mx9_attention=_ratio([figures["mx9_attention"] for figures in watched]),
    )


SUMMED = ("power", "error")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _decibels(signal: float, noise: float) -> float | None:
    return decibels(signal, noise) if noise > 0 else None


def _ratio(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Of the sums; None where nothing was counted."""
    of = sum(whole for _, whole in pairs)
    return sum(part for part, _ in pairs) / of if of else None
