"""From statistics to a plan."""

from itertools import pairwise

import torch

from golden import Format
from golden.formats import BLOCK_SIZE
from mixdit.calibration.budget import choose
from mixdit.calibration.candidates import candidates, outliers_first
from mixdit.calibration.exchange import exchange
from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import BUCKETS, Statistics, Summary
from mixdit.layers.coverage import LEFT_OUT
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.plan.timestep_plan import TimestepPlan
from mixdit.tensors.dynamic import block_maxima
from mixdit.tensors.quantize import mixed_formats
from mixdit.timesteps.timesteps import TIMESTEPS

__all__ = ["make_plan"]


def make_plan(statistics: Statistics, settings: Settings) -> Plan | TimestepPlan:
    """The plan for a model: outliers in the high format, as many as the budgets allow.

    Returns
    -------
    `Plan`, or `TimestepPlan` if the settings ask for several groups of timesteps.

    Raises
    ------
    ValueError
        No statistics, more groups than ranges of timesteps, or a group of timesteps that was not seen.
    """
    if not statistics.linears and not statistics.attentions:
        raise ValueError("the model has no layer to plan, or was not run while it was watched")
    groups = settings.timestep_groups
    if groups > BUCKETS:
        raise ValueError(f"timestep_groups must be at most {BUCKETS}, not {groups}")
    edges = [round(i * BUCKETS / groups) for i in range(groups + 1)]
    plans = [_plan(statistics, settings, slice(*pair)) for pair in pairwise(edges)]
    if groups == 1:
        return plans[0]
    return TimestepPlan(tuple(edge * TIMESTEPS / BUCKETS for edge in edges[1:-1]), tuple(plans))


def _plan(statistics: Statistics, settings: Settings, buckets: slice) -> Plan:
    generator = torch.Generator().manual_seed(settings.seed)
    summaries = {path: entry.over(buckets) for path, entry in statistics.linears.items()}
    unseen = [path for path, summary in summaries.items() if not len(summary.sample)]
    if unseen:
        first, last = (edge * TIMESTEPS // BUCKETS for edge in (buckets.start, buckets.stop))
        raise ValueError(f"no timestep from {first} to {last} was seen at {unseen[0]!r}: calibrate with more")
    passes = max(1, statistics.passes)
    elements = {path: max(1, entry.elements // passes) for path, entry in statistics.linears.items()}
    linear = _dynamic_linears if settings.dynamic else _static_linears
    linears = linear(statistics, summaries, elements, settings, generator)
    return Plan(
        linears=linears,
        attentions=_attentions(statistics, settings, buckets, generator),
        notes={"settings": settings.to_json(), LEFT_OUT: dict(statistics.left_out)},
    )


def _static_linears(
    statistics: Statistics,
    summaries: dict[str, Summary],
    elements: dict[str, int],
    settings: Settings,
    generator: torch.Generator,
) -> dict[str, LinearPlan]:
    options = {
        path: candidates(summary, statistics.linears[path].sensitivity, settings, generator)
        for path, summary in summaries.items()
    }
    costs = {path: elements[path] * BLOCK_SIZE / len(option.order) for path, option in options.items()}
    budget = settings.linear_share * sum(elements.values())
    taken = choose({path: option.gain for path, option in options.items()}, costs, budget, settings.cover)
    plans = {}
    for path, option in options.items():
        order = outliers_first(option.order, taken[path])
        if settings.exchanges:
            formats = mixed_formats(len(order), len(taken[path]), settings.high, settings.low)
            sensitivity = statistics.linears[path].sensitivity
            by_sensitivity = settings.choice == "sensitivity" and sensitivity is not None
            weight = sensitivity if by_sensitivity else torch.ones(len(order))
            sample = summaries[path].sample
            order = exchange(order, formats, sample, weight, settings.exchanges, generator)
        identity = bool((order == torch.arange(len(order))).all())
        plans[path] = LinearPlan(
            in_features=len(order),
            weight=settings.weight,
            high=settings.high,
            low=settings.low,
            high_blocks=len(taken[path]),
            permutation=None if identity else tuple(order.tolist()),
            elements=elements[path],
        )
    return plans


def _dynamic_linears(
    statistics: Statistics,
    summaries: dict[str, Summary],
    elements: dict[str, int],
    settings: Settings,
    generator: torch.Generator,
) -> dict[str, LinearPlan]:
    """One threshold for all layers, in units of each one's RMS, that the budget's share of blocks exceeds."""
    orders, relative, units = {}, {}, {}
    for path, summary in summaries.items():
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


def _attentions(
    statistics: Statistics, settings: Settings, buckets: slice, generator: torch.Generator
) -> dict[str, AttentionPlan]:
    gains, costs, elements = {}, {}, {}
    for path, entry in statistics.attentions.items():
        heads = entry.absmax.shape[2]
        elements[path] = max(1, entry.elements // max(1, statistics.passes))
        costs[path] = elements[path] / heads
        if settings.choice == "random":
            gains[path] = torch.rand(heads, generator=generator)
        elif settings.choice == "magnitude":
            gains[path] = entry.magnitudes(buckets).square()
        elif entry.benefit is None:
            raise ValueError("the choice by sensitivity takes sensitivities, which were not measured")
        else:
            gains[path] = entry.benefit / costs[path]
    taken = choose(gains, costs, settings.attention_share * sum(elements.values()), settings.cover)
    plans = {}
    for path, chosen in taken.items():
        heads: list[Format] = [settings.low] * len(gains[path])
        for i in chosen.tolist():
            heads[i] = settings.high
        plans[path] = AttentionPlan(heads=tuple(heads), elements=elements[path])
    return plans
