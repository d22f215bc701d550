"""All pictures of a model's quality."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from golden import MX4, MX6, MX9
from mixdit.calibration.planning import make_plan
from mixdit.calibration.settings import Settings
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan import Plan
from mixdit.quality.experiment import Experiment
from mixdit.quality.plot_activations import plot_distributions, plot_outliers
from mixdit.quality.plot_errors import plot_layers, plot_timesteps
from mixdit.quality.plot_pareto import ParetoPoint, plot_pareto
from mixdit.quality.plot_samples import plot_samples
from mixdit.quality.result import Result
from mixdit.quality.similarity import decibels
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.layers import Layers
from mixdit.rivals.noise_error import predict, thin
from mixdit.rivals.uniform import uniform_plan

__all__ = ["draw_plots", "draw_results"]

SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
TIMESTEPS, IMAGES = 5, 16
"""Of the batches that layers and shares are compared on."""


def draw_results(folder: Path, results: Sequence[Result]) -> list[Path]:
    """Samples and errors over the timesteps, of results that are there."""
    name = results[0].row.model
    images = {result.row.variant: result.images for result in results}
    rows = [result.row for result in results]
    return [
        plot_samples(folder / f"samples-{name}.png", f"{name}: the same noise in every line", images),
        plot_timesteps(folder / f"timesteps-{name}.png", f"{name}: error along the sampling path", rows),
    ]


def draw_plots(folder: Path, experiment: Experiment, progress: Callable[[str], None]) -> list[Path]:
    """Activations, errors by layer, and quality against MX9 share; computes what it draws."""
    model, name = experiment.model, experiment.name
    calibration = Calibration(model, experiment.batches)
    timesteps = [int(timestep) for timestep in calibration.timesteps]
    ranges = {layer: calibration.ranges[layer][0] for layer in calibration.layers.linears}
    paths = [
        plot_distributions(
            folder / f"activations-{name}.png", f"{name}: inputs of linear layers", ranges, timesteps
        ),
        plot_outliers(folder / f"outliers-{name}.png", f"{name}: outlier channels", ranges, timesteps),
    ]
    progress("activations")
    error = _ErrorMeter(model, experiment)
    title = f"{name}: with activations of a single layer quantized"
    paths.append(plot_layers(folder / f"layers-{name}.png", title, _layers(calibration.layers, error)))
    progress("layers")
    title = f"{name}: weights MX6, activations MX6 and MX9"
    paths.append(plot_pareto(folder / f"pareto-{name}.png", title, *_pareto(calibration, error)))
    progress("shares")
    return paths


class _ErrorMeter:
    """SQNR of predicted noise, in dB, on a part of the sampling path."""

    def __init__(self, model: nn.Module, experiment: Experiment):
        self._model = model
        self._batches = thin(model, experiment.test_batches, TIMESTEPS, IMAGES)
        self._reference = predict(model, self._batches).double()

    def __call__(self, plan: Plan) -> float:
        predicted = predict(quantize_model(self._model, plan), self._batches)
        noise = torch.sum((predicted - self._reference) ** 2).item()
        return decibels(self._reference.square().sum().item(), noise)


def _layers(layers: Layers, error: _ErrorMeter) -> dict[str, dict[str, float]]:
    """SQNR by format and layer."""
    result: dict[str, dict[str, float]] = {}
    for fmt in (MX4, MX6, MX9):
        plan = uniform_plan(layers, weight=MX9, activation=fmt)
        single = {name: Plan(linears={name: layer}) for name, layer in plan.linears.items()}
        single |= {name: Plan(attentions={name: layer}) for name, layer in plan.attentions.items()}
        result[str(fmt)] = {name.removeprefix("blocks."): error(each) for name, each in single.items()}
    return result


def _pareto(
    calibration: Calibration, error: _ErrorMeter
) -> tuple[dict[str, list[ParetoPoint]], dict[str, float]]:
    """SQNR by share, for ways to choose, and the levels without a choice."""
    statistics = calibration.statistics
    base = Settings()
    ways = {
        "by magnitude": base,
        "by sensitivity": replace(base, choice="sensitivity"),
        "no reordering": replace(base, reorder=False),
        "at random": replace(base, choice="random"),
    }
    curves = {}
    for name, settings in ways.items():
        plans = [make_plan(statistics, replace(settings, linear_share=share)) for share in SHARES]
        curves[name] = [ParetoPoint(plan.mx9_linear, error(plan)) for plan in plans]
    levels = {
        f"W {weight}, A {activation}": error(uniform_plan(calibration.layers, weight, activation))
        for weight, activation in ((MX6, MX6), (MX6, MX9))
    }
    return curves, levels
