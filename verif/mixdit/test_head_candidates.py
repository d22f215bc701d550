"""Heads, and operands of heads, by what they err and cost."""

from dataclasses import replace

import pytest
import torch

from golden import MX4, MX6, MX9
from mixdit.calibration.calibrate import collect
from mixdit.calibration.head_candidates import head_candidates
from mixdit.calibration.planning import make_plan
from mixdit.calibration.sensitivity import rated_formats
from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import BUCKETS, AttentionStatistics, Statistics
from mixdit.layers.attention import MXAttention, ScaledDotProductAttention
from mixdit.plan.head_formats import HeadFormats

SETTINGS = Settings(choice="sensitivity", heads="operands")
ALL = slice(0, BUCKETS)


class Attending(torch.nn.Module):
    """An attention whose output is the model's, or whose output over all queries is."""

    def __init__(self, together=False):
        super().__init__()
        self.attend, self.together = ScaledDotProductAttention(), together

    def forward(self, q, k, v):
        output = self.attend(q, k, v)
        return output.sum(2) if self.together else output


@pytest.fixture(scope="module")
def operands():
    generator = torch.Generator().manual_seed(5)
    return [torch.randn(4, 2, n, 24, generator=generator) * 2 for n in (9, 13, 13)]


def errors_of(operands):
    """Of a head's output, for a head in MX6, in MX9, and in MX6 but for q, k, p or v."""
    output = ScaledDotProductAttention()(*operands)
    named = ["q", "k", "p", "v"]
    formats = [
        HeadFormats.of(MX6),
        HeadFormats.of(MX9),
        *(HeadFormats(**(dict.fromkeys(named, MX6) | {name: MX9})) for name in named),
    ]
    return output, torch.stack([MXAttention([f, f])(*operands) - output for f in formats])


def test_errors_are_weighed_by_derivatives(operands):
    """Which are the random signs here, as the attention's output is the model's."""
    statistics = collect(Attending(), [operands], SETTINGS)
    output, errors = errors_of(operands)
    signs = torch.randint(0, 2, output.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    want = (signs * errors).sum((3, 4)).square().sum(1) / 4
    assert torch.allclose(statistics.attentions["attend"].errors, want, rtol=1e-4)


@pytest.mark.parametrize("together", [pytest.param(False, marks=pytest.mark.engine), True])
def test_errors_are_those_of_the_models_output(operands, together):
    """On average over signs; also where errors add up, as those of k and v do over all queries."""
    statistics = collect(Attending(together), [operands] * 800, SETTINGS)
    entry = statistics.attentions["attend"]
    output, errors = errors_of(operands)
    if together:
        output, errors = output.sum(2), errors.sum(3, keepdim=True)
    want = errors.square().sum((1, 3, 4)) / 4
    assert torch.allclose(entry.errors, want, rtol=0.12)
    assert statistics.power == pytest.approx(output.square().sum().item() / 4, rel=1e-6)
    assert rated_formats(replace(SETTINGS, low=MX4, high=MX6))[4] == HeadFormats(MX4, MX4, MX6, MX4)
    assert entry.elements.tolist() == [800 * 4 * 2 * n for n in (9 * 24, 13 * 24, 9 * 13, 13 * 24)]


def planted(errors: list[list[float]]) -> Statistics:
    """Two heads with 400 elements in q, 200 in k, 100 in p and 300 in v, both together, and some errors."""
    entry = AttentionStatistics.empty(2, 16)
    entry.elements += torch.tensor([400, 200, 100, 300]) * 5
    entry.errors = torch.tensor(errors)
    return Statistics(attentions={"a": entry}, passes=5)


# In low, in high, and in low but for q, k, p and v.
ERRORS = [[10.0, 10.0], [0.0, 0.0], [2.0, 9.0], [9.0, 9.5], [9.0, 4.0], [10.0, 12.0]]


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        # Gain per element: q 8/200 and 1/200, k 1/100 and 0.5/100, p 1/50 and 6/50, v nothing.
        (0.0, ["MX6", "MX6"]),
        (0.05, ["MX6", "q=MX6 k=MX6 p=MX9 v=MX6"]),
        (0.25, ["q=MX9 k=MX6 p=MX6 v=MX6", "q=MX6 k=MX6 p=MX9 v=MX6"]),
        (0.3, ["q=MX9 k=MX6 p=MX9 v=MX6", "q=MX6 k=MX6 p=MX9 v=MX6"]),
        (0.4, ["q=MX9 k=MX9 p=MX9 v=MX6", "q=MX6 k=MX6 p=MX9 v=MX6"]),
        (1.0, ["q=MX9 k=MX9 p=MX9 v=MX6", "q=MX9 k=MX9 p=MX9 v=MX6"]),
    ],
)
def test_operands_are_taken_by_gain_per_element(share, expected):
    plan = make_plan(planted(ERRORS), replace(SETTINGS, attention_share=share))
    attention = plan.attentions["a"]
    assert [str(head) for head in attention.heads] == expected
    assert attention.operand_elements == (400, 200, 100, 300)
    assert plan.mx9_attention <= share


def test_whole_heads_are_taken_by_what_they_gain_together():
    errors = [[10.0, 10.0], [3.0, 1.0], *[[0.0, 10.0]] * 4]
    options = head_candidates(planted(errors), replace(SETTINGS, heads="whole"), ALL, torch.Generator())
    assert list(options) == [("a", "qkpv")]
    option = options["a", "qkpv"]
    assert option.cost == 500
    assert torch.allclose(option.gain, torch.tensor([7.0, 9.0]) / 500)
    plan = make_plan(planted(errors), replace(SETTINGS, heads="whole", attention_share=0.5))
    assert [str(head) for head in plan.attentions["a"].heads] == ["MX6", "MX9"]


@pytest.mark.parametrize("heads", ["whole", "operands"])
def test_random_operands_hold_the_budget_too(statistics, heads):
    settings = Settings(choice="random", heads=heads, attention_share=0.3)
    plans = [make_plan(statistics, replace(settings, seed=seed)) for seed in range(4)]
    assert plans == [make_plan(statistics, replace(settings, seed=seed)) for seed in range(4)]
    assert len({str(plan.attentions) for plan in plans}) > 2
    assert all(0.3 - 1 / 8 < plan.mx9_attention <= 0.3 for plan in plans)
    alike = [head.alike for plan in plans for a in plan.attentions.values() for head in a.heads]
    assert all(alike) == (heads == "whole")


def test_errors_must_be_measured():
    statistics = planted(ERRORS)
    statistics.attentions["a"].errors = None
    with pytest.raises(ValueError, match="takes sensitivities, which were not measured"):
        make_plan(statistics, SETTINGS)
