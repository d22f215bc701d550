"""How good a plan is, about, from statistics alone."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from mixdit.calibration.latency import weights_of_ranges
from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import BUCKETS, AttentionStatistics, Statistics
from mixdit.calibration.timestep_part import TimestepPart, timestep_parts
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import LinearPlan, Plan
from mixdit.plan.timestep_plan import TimestepPlan
from mixdit.tensors.quantize import fake_quantize

__all__ = ["estimated_sqnr"]


def estimated_sqnr(statistics: Statistics, plan: Plan | TimestepPlan, settings: Settings) -> float:
    """Power of the model's output over that of its error, in dB; infinite without error.

    Errors of the activations and of the operands of attention, weighed by sensitivities and added as if they
    were independent. Those of the weights, which plans of one model share, are left out.

    Parameters
    ----------
    statistics:
        With sensitivities.
    plan:
        Static, for the same model, in the formats and for the ranges of timesteps of ``settings``.
    settings:
        What the plan was made for.

    Raises
    ------
    ValueError
        Statistics without sensitivities.
    """
    if not statistics.probed:
        raise ValueError("an estimate takes sensitivities, which were not measured")
    plans = plan.plans if isinstance(plan, TimestepPlan) else (plan,)
    weights = weights_of_ranges(plan) if isinstance(plan, TimestepPlan) else [BUCKETS]
    parts = timestep_parts(statistics, settings.timestep_groups)
    error = sum(
        weight * _error(part, each, settings)
        for weight, part, each in zip(weights, parts, plans, strict=True)
    )
    return 10 * math.log10(statistics.power * BUCKETS / error) if error > 0 else math.inf


def _error(part: TimestepPart, plan: Plan, settings: Settings) -> float:
    """Energy of the output's error for a sample."""
    linears: Iterable[float] = (_linear_error(part, path, layer) for path, layer in plan.linears.items())
    heads: Iterable[float] = (
        _head_error(part.statistics.attentions[path], i, formats, settings)
        for path, attention in plan.attentions.items()
        for i, formats in enumerate(attention.heads)
    )
    return sum(linears) + sum(heads)


def _linear_error(part: TimestepPart, path: str, plan: LinearPlan) -> float:
    sensitivity: Tensor | None = part.statistics.linears[path].sensitivity
    assert sensitivity is not None, "sensitivities are measured for all layers"
    order = torch.arange(plan.in_features) if plan.permutation is None else torch.tensor(plan.permutation)
    x = part.summaries[path].sample[:, order]
    squares = (fake_quantize(x, plan.formats) - x).square().mean(0)
    return float((squares * sensitivity[order]).sum())


def _head_error(entry: AttentionStatistics, head: int, formats: HeadFormats, settings: Settings) -> float:
    assert entry.errors is not None, "sensitivities are measured for all layers"
    low, high, *single = map(float, entry.errors[:, head])
    if formats == HeadFormats.of(settings.high):
        return max(0.0, high)
    removed = (low - of for of, fmt in zip(single, formats, strict=True) if fmt == settings.high)
    return max(0.0, low - sum(removed))
