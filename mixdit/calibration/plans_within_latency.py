"""Plans for all ranges of timesteps, under one limit on the time of the array."""

from collections.abc import Hashable, Iterator, Mapping, Sequence

import torch

from golden.formats import BLOCK_SIZE
from mixdit.calibration.candidates import Candidates
from mixdit.calibration.choice import Choice
from mixdit.calibration.head_candidates import head_candidates
from mixdit.calibration.latency import Latency, in_mx6
from mixdit.calibration.linear_plans import linear_candidates, static_linears
from mixdit.calibration.piece import Piece
from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import BUCKETS
from mixdit.calibration.timestep_part import TimestepPart
from mixdit.calibration.within_latency import TOLERANCE, choose_within
from mixdit.plan.array_passes import Price
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan

__all__ = ["plans_within_latency"]


def plans_within_latency(
    parts: Sequence[TimestepPart], settings: Settings, limit: float, price: Price
) -> list[Plan]:
    """A plan for each range of timesteps; shares hold in each, the limit on average over all timesteps.

    Parameters
    ----------
    parts:
        The ranges, of the same statistics.
    settings:
        Shares and formats; the choice is by sensitivity, in whose unit all gains are.
    limit:
        Most that the plans may cost, over what they cost with all activations in MX6.
    price:
        What a product costs.

    Raises
    ------
    ValueError
        A limit below what the low format costs, or no sensitivities.
    """
    latency = Latency(parts[0].statistics, price)
    nothing = _nothing(parts[0], settings)
    in_low, base = latency.of(nothing), latency.of(in_mx6(nothing))
    if in_low > limit * base * (1 + TOLERANCE):
        raise ValueError(
            f"latency must be at least {in_low / base:.3f}, what all activations in {settings.low} take, "
            f"not {limit!r}"
        )
    generators = [torch.Generator().manual_seed(settings.seed) for _ in parts]
    options = [linear_candidates(p, settings, g) for p, g in zip(parts, generators, strict=True)]
    channels = {path: plan.in_features for path, plan in nothing.linears.items()}
    weights = [part.weight for part in parts]
    choice = choose_within(
        [piece for n, part in enumerate(parts) for piece in _pieces(n, part, settings, options[n])],
        lambda: Choice(settings, latency, channels, weights),
        max(0.0, limit * base - in_low) * BUCKETS,
        {key: share for n, part in enumerate(parts) for key, share in _shares(n, part, settings)},
    )
    return [_plan(n, part, settings, choice, options[n], generators[n]) for n, part in enumerate(parts)]


def _nothing(part: TimestepPart, settings: Settings) -> Plan:
    """A plan with nothing in the high format."""
    low = HeadFormats.of(settings.low)
    linears = {
        path: LinearPlan(
            in_features=len(summary.absmax), weight=settings.weight, high=settings.high, low=settings.low
        )
        for path, summary in part.summaries.items()
    }
    return Plan(
        linears=linears,
        attentions={path: AttentionPlan(heads=(low,) * count) for path, count in part.heads.items()},
    )


def _pieces(
    number: int, part: TimestepPart, settings: Settings, options: Mapping[str, Candidates]
) -> Iterator[Piece]:
    weight, elements = part.weight / BUCKETS, part.elements
    for path, option in options.items():
        cost = elements[path] * BLOCK_SIZE / len(option.order)
        for i, gain in enumerate(option.gain.tolist()):
            yield Piece(number, path, "", i, gain * weight, cost)
    heads = head_candidates(part.statistics, settings, part.buckets, torch.Generator())
    for (path, operands), rated in heads.items():
        for i, gain in enumerate(rated.gain.tolist()):
            yield Piece(number, path, operands, i, gain * rated.cost * weight, rated.cost)


def _shares(number: int, part: TimestepPart, settings: Settings) -> Iterator[tuple[Hashable, float]]:
    yield (number, False), settings.linear_share * sum(part.elements.values())
    yield (number, True), settings.attention_share * sum(map(sum, part.operand_elements.values()))


def _plan(
    number: int,
    part: TimestepPart,
    settings: Settings,
    choice: Choice,
    options: Mapping[str, Candidates],
    generator: torch.Generator,
) -> Plan:
    taken = {
        path: torch.tensor(sorted(choice.blocks.get((number, path), ())), dtype=torch.int64)
        for path in options
    }
    low = HeadFormats.of(settings.low)
    return Plan(
        linears=static_linears(part, settings, options, taken, generator),
        attentions={
            path: AttentionPlan(
                heads=tuple(choice.heads.get((number, path, i), low) for i in range(count)),
                operand_elements=part.operand_elements[path],
            )
            for path, count in part.heads.items()
        },
    )
