"""Choosing within a latency: limits, ties, what is worth its passes, and plans that follow."""

from dataclasses import replace
from itertools import chain, combinations

import numpy as np
import pytest
import torch

from golden import MX6, MX9
from mixdit.calibration.calibrate import collect
from mixdit.calibration.latency import Latency
from mixdit.calibration.piece import Piece
from mixdit.calibration.planning import make_plan
from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import BUCKETS, AttentionStatistics, LinearStatistics, Statistics
from mixdit.calibration.within_latency import choose_within
from mixdit.layers.attention import ScaledDotProductAttention
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.array_passes import array_passes
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import AttentionPlan, Plan
from mixdit.plan.timestep_plan import TimestepPlan
from mixdit.quality.pass_count import count_passes
from verif.mixdit.planted import LOUD_HEAD, batch

SETTINGS = Settings(choice="sensitivity", heads="operands")
ROOM = {"linear_share": 1.0, "attention_share": 1.0}


class Costs:
    """A choice of pieces at costs by number, some of which rise with another piece."""

    def __init__(self, costs, rises=()):
        self.costs, self.rises, self.taken = costs, dict(rises), []

    def cost(self, piece):
        factor = 2 if self.rises.get(piece.number) in self.taken else 1
        return factor * self.costs[piece.number]

    def take(self, piece):
        self.taken.append(piece.number)


def chosen(gains, costs, latency, elements=None, share=1e9, rises=()):
    elements = elements or [1] * len(gains)
    pieces = [Piece(0, "a", "", n, gain, elements[n]) for n, gain in enumerate(gains)]
    return choose_within(pieces, lambda: Costs(costs, rises), latency, {(0, False): share}).taken


@pytest.mark.parametrize(
    ("gains", "costs", "latency", "expected"),
    [
        # By gain alone 0 comes first, and then nothing fits: 1 and 2 gain more together.
        ([10, 7, 6], [4, 2, 2], 4, [1, 2]),
        # What does not fit is left out, and what is cheaper still comes.
        ([9, 8, 1], [3, 4, 1], 4, [0, 2]),
        ([9, 0, 1], [1, 0, 1], 9, [0, 2]),
        ([4, 4, 4, 4], [2, 2, 2, 2], 4, [0, 1]),
        ([5, 5], [1, 1], 0, []),
        # The limit itself is allowed, also where sums of binary fractions end beside it.
        ([3, 2, 1], [0.1, 0.2, 0.3], 0.6, [0, 1, 2]),
        ([3, 2, 1], [1, 1, 1], 2.999, [0, 1]),
    ],
)
def test_the_best_for_their_cost_are_taken(gains, costs, latency, expected):
    assert sorted(chosen(gains, costs, latency)) == expected


def test_shares_hold_and_what_is_best_for_them_is_tried_too():
    """For passes alone 0 is best, but it takes the share of 1 and 2, which gain more."""
    gains, costs, elements = [6, 5, 5], [1, 2, 2], [4, 2, 2]
    assert chosen(gains, costs, 9, elements) == [0, 1, 2]
    assert sorted(chosen(gains, costs, 9, elements, share=4)) == [1, 2]
    assert chosen(gains, costs, 1, elements, share=4) == [0]
    assert chosen(gains, costs, 9, elements, share=1.999) == []


def test_costs_that_rise_are_looked_at_again():
    """1 costs twice as much once 0 is taken, and is then worth less than 2."""
    elements = [1, 1, 9]  # for these, 1 would always come first
    assert chosen([10, 7, 7.5], [2, 2, 3], 7, elements, rises={1: 0}) == [0, 2]
    assert chosen([10, 7, 7.5], [2, 2, 3], 7, elements) == [0, 1, 2]


def test_no_limit_is_ever_exceeded_and_little_is_lost():
    """Against all subsets of small random problems; the greedy choice is within a third of the best."""
    rng = np.random.default_rng(0)
    for _ in range(60):
        gains, costs, elements = (rng.integers(1, 20, 7).tolist() for _ in range(3))
        latency, share = int(rng.integers(5, 50)), int(rng.integers(5, 50))
        taken = chosen(gains, costs, latency, elements, share)
        assert sum(costs[n] for n in taken) <= latency
        assert sum(elements[n] for n in taken) <= share
        subsets = chain.from_iterable(combinations(range(7), n) for n in range(8))
        best = max(
            sum(gains[n] for n in of)
            for of in subsets
            if sum(costs[n] for n in of) <= latency and sum(elements[n] for n in of) <= share
        )
        assert sum(gains[n] for n in taken) >= best * 2 / 3


@pytest.mark.parametrize("heads", ["whole", "operands"])
@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("limit", [1, 1.02, 1.05, 1.2, 1.6, 4])
def test_plans_keep_to_the_latency_as_it_is_counted(model, statistics, limit, groups, heads):
    """The share of passes is what products of the running model take, counted by themselves."""
    settings = replace(SETTINGS, latency=limit, timestep_groups=groups, heads=heads, **ROOM)
    plan = make_plan(statistics, settings)
    relative = Latency(statistics).relative(plan)
    assert relative <= limit * (1 + 1e-9)
    assert plan.mx9_linear + plan.mx9_attention > 0 or limit == 1
    assert relative > min(limit, 1.4) - 0.05
    given = batch(3)
    quantized = quantize_model(model, plan)
    with count_passes(quantized) as count:
        for i in range(len(given["timestep"])):
            quantized(given["x"][i : i + 1], given["timestep"][i : i + 1])
    assert count.ratio == pytest.approx(relative, rel=1e-9)


@pytest.mark.parametrize(("linear", "attention"), [(0.05, 0.2), (0.2, 0.0), (0.0, 0.3)])
def test_shares_hold_within_a_latency(statistics, linear, attention):
    settings = replace(SETTINGS, linear_share=linear, attention_share=attention, latency=3)
    for groups in (1, 4):
        plan = make_plan(statistics, replace(settings, timestep_groups=groups))
        for each in plan.plans if isinstance(plan, TimestepPlan) else (plan,):
            assert linear - 1 / 24 < each.mx9_linear <= linear
            assert attention - 1 / 8 < each.mx9_attention <= attention


def test_plans_are_the_same_each_time_and_in_any_order_of_layers(statistics):
    settings = replace(SETTINGS, latency=1.1, timestep_groups=2)
    backwards = replace(
        statistics,
        linears=dict(reversed(statistics.linears.items())),
        attentions=dict(reversed(statistics.attentions.items())),
    )
    assert make_plan(statistics, settings) == make_plan(statistics, settings)
    assert make_plan(statistics, settings) == make_plan(backwards, settings)


def linear(channels: int, out_features: int, scale: float = 1.0) -> LinearStatistics:
    """100 tokens of a pass, all of one kind, whose error in MX6 is the same in each block."""
    entry = LinearStatistics.empty(channels, out_features)
    values = torch.linspace(0.3, 1.9, 16).repeat(channels // 16) * scale
    entry.update(values.repeat(100, 1), 0, torch.Generator())
    entry.elements, entry.sensitivity = 100 * channels, torch.ones(channels)
    return entry


def blocks_within(limit, **linears):
    statistics = Statistics(linears=linears, passes=1, probed=1, power=1.0)
    plan = make_plan(statistics, replace(SETTINGS, latency=limit, linear_share=1.0))
    return {path: layer.high_blocks for path, layer in plan.linears.items()}


def test_a_block_costs_as_many_passes_as_its_layer_has_rows_of_weights():
    """Of the same error, a block of fc1 costs four times as much as one of a projection."""
    layers = {"fc1": linear(64, 256), "projection": linear(64, 64)}
    base = 4 * 256 + 4 * 64
    assert blocks_within(1 + 63 / base, **layers) == {"fc1": 0, "projection": 0}
    assert blocks_within(1 + 64 / base, **layers) == {"fc1": 0, "projection": 1}
    assert blocks_within(1 + 4 * 64 / base, **layers) == {"fc1": 0, "projection": 4}
    assert blocks_within(1 + (4 * 64 + 256) / base, **layers) == {"fc1": 1, "projection": 4}
    # With errors of five times the energy, fc1's are worth their passes.
    layers["fc1"] = linear(64, 256, scale=5**0.5)
    assert blocks_within(1 + (256 + 128) / base, **layers) == {"fc1": 1, "projection": 2}


def test_ties_go_by_the_names_of_layers():
    base = 2 * 4 * 64
    for names in (("a", "b"), ("b", "a")):
        layers = {name: linear(64, 64) for name in names}
        assert blocks_within(1 + 3 * 64 / base, **layers) == {"a": 2, "b": 1}


def test_an_operand_costs_what_the_other_one_makes_of_it():
    """With q in MX9, q k^T takes twice the passes; with k too, four times, and p is worth more."""
    entry = AttentionStatistics.empty(1, 16)
    entry.elements += torch.tensor([16 * 32, 16 * 32, 32 * 32, 16 * 32])
    entry.errors = torch.tensor([[20.0], [0.0], [10.0], [10.5], [14.0], [19.9]])
    statistics = Statistics(attentions={"a": entry}, passes=1, probed=1, power=1.0)

    def within(limit):
        plan = make_plan(statistics, replace(SETTINGS, latency=limit, attention_share=1.0))
        return str(plan.attentions["a"].heads[0]), Latency(statistics).relative(plan)

    # Both products take 1024 passes in MX6; gains are 10, 9.5, 6 and 0.1.
    assert within(1.49) == ("MX6", 1)
    assert within(1.5) == ("q=MX9 k=MX6 p=MX6 v=MX6", 1.5)
    assert within(2.0) == ("q=MX9 k=MX6 p=MX9 v=MX6", 2)
    assert within(3.0) == ("q=MX9 k=MX9 p=MX9 v=MX6", 3)
    assert within(4.0) == ("MX9", 4)


class Crossing(torch.nn.Module):
    """Few queries, many keys."""

    def __init__(self):
        super().__init__()
        self.attend = ScaledDotProductAttention()

    def forward(self, q, k, v):
        return self.attend(q, k, v)


def test_queries_and_keys_may_differ_in_number():
    model = Crossing().eval()
    operands = [torch.randn(3, 2, n, 24) for n in (5, 50, 50)]
    statistics = collect(model, [operands, operands], SETTINGS)
    heads = (HeadFormats(MX6, MX9, MX9, MX9), HeadFormats(MX9, MX6, MX6, MX6))
    plan = Plan(attentions={"attend": AttentionPlan(heads=heads)})
    quantized = quantize_model(model, plan)
    with count_passes(quantized) as count:
        quantized(*operands)
    assert Latency(statistics).of(plan) == pytest.approx(count.passes)
    assert Latency(statistics).relative(plan) == pytest.approx(count.ratio)


def test_another_price_makes_another_plan(statistics):
    """As a model of cycles would: here attention costs next to nothing, or all that there is."""
    settings = replace(SETTINGS, latency=1.05, **ROOM)
    width = statistics.attentions["blocks.0.attend"].head_width

    def price(factor):
        def of(product):
            attention = product.columns in (12, width)
            return array_passes(product) * (factor if attention else 1)

        return of

    free, dear = (make_plan(statistics, settings, price(factor)) for factor in (1e-9, 1e9))
    assert free.mx9_attention > 0.5 > dear.mx9_attention
    assert dear.mx9_linear == 1 > free.mx9_linear


def test_timesteps_share_the_latency(statistics):
    """Outliers grow with the timestep, so the passes go where there is more to gain."""
    plan = make_plan(statistics, replace(SETTINGS, latency=1.05, timestep_groups=4, **ROOM))
    latency = Latency(statistics)
    by_range = [latency.relative(each) for each in plan.plans]
    assert sum(by_range) / 4 == pytest.approx(latency.relative(plan)) == pytest.approx(1.05, abs=0.02)
    assert by_range[0] < 1.05 < by_range[-1]
    assert by_range[-1] > 1.06


def test_ranges_of_other_lengths_count_with_theirs(statistics):
    plan = make_plan(statistics, replace(SETTINGS, latency=1.3, timestep_groups=3, **ROOM))
    latency = Latency(statistics)
    assert plan.bounds == (350, 650)
    weighted = sum(w * latency.relative(p) for w, p in zip((7, 6, 7), plan.plans, strict=True)) / BUCKETS
    assert latency.relative(plan) == pytest.approx(weighted)


def test_the_loud_head_is_worth_its_passes(statistics):
    plan = make_plan(statistics, replace(SETTINGS, latency=1.1, linear_share=0, attention_share=1))
    loud = plan.attentions["blocks.1.attend"].heads
    assert MX9 in tuple(loud[LOUD_HEAD])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"latency": 0.99}, r"latency must be at least 1, not 0\.99"),
        ({"latency": float("nan")}, "latency must be at least 1, not nan"),
        ({"latency": 1.1, "choice": "magnitude", "heads": "whole"}, "latency takes the choice by sensit"),
        ({"latency": 1.1, "cover": 0.9}, "latency takes the choice by sensitivity, and a cover of 1"),
    ],
)
def test_settings_refuse(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(SETTINGS, **changes)


def test_a_latency_below_the_low_format_is_refused(statistics):
    with pytest.raises(ValueError, match=r"latency must be at least 2\..*, what all activations in MX9 take"):
        make_plan(statistics, replace(SETTINGS, low=MX9, latency=1.5))
    low = make_plan(statistics, replace(SETTINGS, low=MX6, latency=1))
    assert Latency(statistics).relative(low) == 1
