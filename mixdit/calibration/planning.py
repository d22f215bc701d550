"""From statistics to a plan."""

from dataclasses import replace

import torch

from golden.formats import BLOCK_SIZE
from mixdit.calibration.budget import choose
from mixdit.calibration.head_candidates import head_candidates
from mixdit.calibration.linear_plans import dynamic_linears, linear_candidates, static_linears
from mixdit.calibration.plans_within_latency import plans_within_latency
from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import BUCKETS, Statistics
from mixdit.calibration.timestep_part import TimestepPart, timestep_parts
from mixdit.layers.coverage import LEFT_OUT
from mixdit.plan.array_passes import Price, array_passes
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.plan.timestep_plan import TimestepPlan
from mixdit.timesteps.timesteps import TIMESTEPS

__all__ = ["make_plan"]


def make_plan(statistics: Statistics, settings: Settings, price: Price = array_passes) -> Plan | TimestepPlan:
    """The plan for a model: outliers in the high format, as many as the budgets allow.

    Parameters
    ----------
    statistics:
        Of the model.
    settings:
        Budgets and rules.
    price:
        What a product costs, for a limit on latency.

    Returns
    -------
    `Plan`, or `TimestepPlan` if the settings ask for several groups of timesteps.

    Raises
    ------
    ValueError
        No statistics, more groups than ranges of timesteps, a group of timesteps that was not seen, or a
        limit on latency below what the low format takes.
    """
    if not statistics.linears and not statistics.attentions:
        raise ValueError("the model has no layer to plan, or was not run while it was watched")
    parts = timestep_parts(statistics, settings.timestep_groups)
    if settings.latency is None:
        plans = [_plan(part, settings) for part in parts]
    else:
        plans = plans_within_latency(parts, settings, settings.latency, price)
    notes = {"settings": settings.to_json(), LEFT_OUT: dict(statistics.left_out)}
    plans = [replace(plan, notes=notes) for plan in plans]
    if len(plans) == 1:
        return plans[0]
    return TimestepPlan(tuple(part.buckets.start * TIMESTEPS / BUCKETS for part in parts[1:]), tuple(plans))


def _plan(part: TimestepPart, settings: Settings) -> Plan:
    generator = torch.Generator().manual_seed(settings.seed)
    linear = dynamic_linears if settings.dynamic else _linears
    return Plan(linears=linear(part, settings, generator), attentions=_attentions(part, settings, generator))


def _linears(part: TimestepPart, settings: Settings, generator: torch.Generator) -> dict[str, LinearPlan]:
    options = linear_candidates(part, settings, generator)
    elements = part.elements
    costs = {path: elements[path] * BLOCK_SIZE / len(option.order) for path, option in options.items()}
    budget = settings.linear_share * sum(elements.values())
    taken = choose({path: option.gain for path, option in options.items()}, costs, budget, settings.cover)
    return static_linears(part, settings, options, taken, generator)


def _attentions(
    part: TimestepPart, settings: Settings, generator: torch.Generator
) -> dict[str, AttentionPlan]:
    options = head_candidates(part.statistics, settings, part.buckets, generator)
    gains = {key: option.gain for key, option in options.items()}
    costs = {key: option.cost for key, option in options.items()}
    elements = part.operand_elements
    budget = settings.attention_share * sum(map(sum, elements.values()))
    heads = {path: [HeadFormats.of(settings.low)] * count for path, count in part.heads.items()}
    for (path, operands), chosen in choose(gains, costs, budget, settings.cover).items():
        for i in chosen.tolist():
            heads[path][i] = replace(heads[path][i], **dict.fromkeys(operands, settings.high))
    return {
        path: AttentionPlan(heads=tuple(formats), operand_elements=elements[path])
        for path, formats in heads.items()
    }
