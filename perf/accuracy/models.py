"""What the hardware's functions cost a whole model, beside floating point under the same plan."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from golden import MX6, MX9, Format
from mixdit.calibration.calibrate import collect
from mixdit.calibration.planning import make_plan
from mixdit.calibration.settings import Settings
from mixdit.digits.checkpoint import load_model
from mixdit.digits.diffusion import Trajectory, balanced_labels, initial_noise, trajectory
from mixdit.digits.model import DigitsTransformer
from mixdit.layers.hardware_functions import with_hardware_functions
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan import Plan
from mixdit.quality.bootstrap import resamples
from mixdit.quality.similarity import decibels
from mixdit.rivals.layers import find_layers
from mixdit.rivals.uniform import uniform_plan

__all__ = ["ModelRow", "model_rows"]

_IMAGES, _STEPS = 64, 20
_SEED, _CALIBRATION_SEED = 123, 456
_RESAMPLES = 1000


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """A model under a plan, products in exact mode.

    Parameters
    ----------
    model, plan:
        Which.
    sqnr, sqnr_hardware:
        Signal to noise in dB of the predicted noise against the float32 model, along the way of its own
        images: with functions in floating point, and with the hardware's.
    deviation:
        Standard deviation of the difference of the two, by resampling images.
    """

    model: str
    plan: str
    sqnr: float
    sqnr_hardware: float
    deviation: float


@torch.inference_mode()
def model_rows() -> Iterator[ModelRow]:
    """Both digits models under four plans; some minutes."""
    for name in ("digits-16", "digits-64"):
        model = load_model(name)
        path = trajectory(model, initial_noise(_IMAGES, _SEED), balanced_labels(_IMAGES), _STEPS)
        signal = _energy(path.predicted.double())
        chosen = resamples(_IMAGES, _RESAMPLES)
        for title, plan in _plans(model).items():
            quantized = quantize_model(model, plan, "exact")
            errors = [_errors(variant, path) for variant in (quantized, with_hardware_functions(quantized))]
            usual, hardware = (decibels(signal.sum(), error.sum()) for error in errors)
            of_resamples = np.log10(errors[0][chosen].sum(1) / errors[1][chosen].sum(1))
            yield ModelRow(
                model=name,
                plan=title,
                sqnr=usual,
                sqnr_hardware=hardware,
                deviation=float(10 * of_resamples.std()),
            )


def _errors(variant: nn.Module, path: Trajectory) -> NDArray[np.float64]:
    """Energy of what ``variant`` predicts otherwise, of each image over all steps: ``[images]``."""
    got = torch.stack([variant(*batch) for batch in path.batches])
    return _energy(got.double() - path.predicted.double())


def _energy(x: Tensor) -> NDArray[np.float64]:
    """Of ``[steps, images, ...]`` for each image."""
    energy: NDArray[np.float64] = x.square().flatten(2).sum((0, 2)).numpy()
    return energy


def _plans(model: DigitsTransformer) -> Mapping[str, Plan]:
    batches = trajectory(
        model, initial_noise(_IMAGES, _CALIBRATION_SEED), balanced_labels(_IMAGES), _STEPS
    ).batches
    layers = find_layers(model, batches[0])

    def uniform(weight: Format, activation: Format) -> Plan:
        return uniform_plan(layers, weight, activation)

    mixed = make_plan(collect(model, batches, Settings()), Settings())
    assert isinstance(mixed, Plan)
    return {
        "MX6": uniform(MX6, MX6),
        "mixed": mixed,
        "W MX6, A MX9": uniform(MX6, MX9),
        "MX9": uniform(MX9, MX9),
    }
