"""Plans of linear layers."""

from collections.abc import Mapping

import torch
from torch import Tensor

from mixdit.calibration.candidates import Candidates, candidates, outliers_first
from mixdit.calibration.exchange import exchange
from mixdit.calibration.settings import Settings
from mixdit.calibration.timestep_part import TimestepPart
from mixdit.plan.plan import LinearPlan
from mixdit.tensors.dynamic import block_maxima
from mixdit.tensors.quantize import mixed_formats

__all__ = ["dynamic_linears", "linear_candidates", "static_linears"]


def linear_candidates(
    part: TimestepPart, settings: Settings, generator: torch.Generator
) -> dict[str, Candidates]:
    """Of each linear layer, by path."""
    return {
        path: candidates(summary, part.statistics.linears[path].sensitivity, settings, generator)
        for path, summary in part.summaries.items()
    }


def static_linears(
    part: TimestepPart,
    settings: Settings,
    options: Mapping[str, Candidates],
    taken: Mapping[str, Tensor],
    generator: torch.Generator,
) -> dict[str, LinearPlan]:
    """Plans with the blocks of ``taken`` (int64, by number) in the high format."""
    plans = {}
    for path, option in options.items():
        order = outliers_first(option.order, taken[path])
        if settings.exchanges:
            formats = mixed_formats(len(order), len(taken[path]), settings.high, settings.low)
            sensitivity = part.statistics.linears[path].sensitivity
            by_sensitivity = settings.choice == "sensitivity" and sensitivity is not None
            weight = sensitivity if by_sensitivity else torch.ones(len(order))
            sample = part.summaries[path].sample
            order = exchange(order, formats, sample, weight, settings.exchanges, generator)
        identity = bool((order == torch.arange(len(order))).all())
        plans[path] = LinearPlan(
            in_features=len(order),
            weight=settings.weight,
            high=settings.high,
            low=settings.low,
            high_blocks=len(taken[path]),
            permutation=None if identity else tuple(order.tolist()),
            elements=part.elements[path],
        )
    return plans


def dynamic_linears(
    part: TimestepPart, settings: Settings, generator: torch.Generator
) -> dict[str, LinearPlan]:
    """One threshold for all layers, in units of each one's RMS, that the budget's share of blocks exceeds."""
    orders, relative, units = {}, {}, {}
    elements = part.elements
    for path, summary in part.summaries.items():
        orders[path] = candidates(summary, None, settings, generator).order
        units[path] = max(summary.rms.square().mean().sqrt().item(), 1e-30)
        relative[path] = block_maxima(summary.sample[:, orders[path]]) / units[path]
    values = torch.cat([x.flatten() for x in relative.values()])
    weights = torch.cat([torch.full((x.numel(),), elements[p] / x.numel()) for p, x in relative.items()])
    ranked = values.argsort(descending=True)
    spent = weights[ranked].double().cumsum(0)
    count = int((spent <= settings.linear_share * sum(elements.values())).sum())
    threshold = values[ranked[count]].item() if count < len(values) else 0.0
    return {
        path: LinearPlan(
            in_features=len(order),
            weight=settings.weight,
            high=settings.high,
            low=settings.low,
            permutation=tuple(order.tolist()) if settings.reorder else None,
            threshold=threshold * units[path],
            dynamic_share=(relative[path] > threshold).float().mean().item(),
            elements=elements[path],
        )
        for path, order in orders.items()
    }
