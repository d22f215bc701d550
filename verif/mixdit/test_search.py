"""``mixdit search``: fronts of plans, what they are estimated to be, and their files."""

import json
from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest
import torch
from torch import nn

from gen import application
from gen.cli import main
from golden import MX6, MX9
from mixdit.calibration.calibrate import collect
from mixdit.calibration.estimate import estimated_sqnr
from mixdit.calibration.latency import Latency
from mixdit.calibration.planning import make_plan
from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics_file import save_statistics
from mixdit.layers.attention import ScaledDotProductAttention
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.plan.plan_file import load_plan
from mixdit.search.front import FrontPlan, search_front, undominated
from mixdit.tensors.quantize import fake_quantize
from verif.mixdit.planted import batch

SETTINGS = Settings(choice="sensitivity", heads="operands")


@pytest.mark.parametrize("groups", [1, 3])
def test_a_front_gets_better_with_latency_and_holds_the_shares(statistics, groups):
    settings = replace(SETTINGS, linear_share=0.3, timestep_groups=groups)
    front = search_front(statistics, settings, 9)
    assert len(front) > 4
    for name in ("latency", "sqnr_db"):
        values = [getattr(each, name) for each in front]
        assert values == sorted(set(values))
    assert front[0].latency == 1
    for each in front:
        assert each.latency == Latency(statistics).relative(each.plan)
        assert each.sqnr_db == estimated_sqnr(statistics, each.plan, settings)
        assert each.plan.mx9_linear <= 0.3
        assert each.plan.mx9_attention <= 0.2
    assert front == search_front(statistics, settings, 9)
    # Every plan is one that a calibration for a latency makes.
    limit = front[3].plan.plans[0].notes if groups > 1 else front[3].plan.notes
    same = make_plan(statistics, replace(settings, latency=limit["settings"]["latency"]))
    assert same == front[3].plan


def test_what_is_slower_and_no_better_is_left_out():
    def point(latency, sqnr_db):
        return FrontPlan(latency, sqnr_db, Plan(notes={"n": (latency, sqnr_db)}))

    given = [point(1.2, 31), point(1.0, 30), point(1.1, 30), point(1.2, 32), point(1.3, 32), point(1.4, 33)]
    kept = undominated(given)
    assert [(each.latency, each.sqnr_db) for each in kept] == [(1.0, 30), (1.2, 32), (1.4, 33)]
    assert all(each.plan.notes["n"] == (each.latency, each.sqnr_db) for each in kept)


def test_fronts_of_one_point_are_refused(statistics):
    with pytest.raises(ValueError, match="points must be at least 2, not 1"):
        search_front(statistics, SETTINGS, 1)


class Single(nn.Module):
    """A linear layer whose output is the model's, or an attention whose output is."""

    def __init__(self, attends):
        super().__init__()
        self.attends = attends
        self.blocks = nn.ModuleList([ScaledDotProductAttention() if attends else nn.Linear(64, 48)])

    def forward(self, x):
        heads = x.unflatten(-1, (2, 32)).transpose(1, 2)
        return self.blocks[0](heads, heads, heads) if self.attends else self.blocks[0](x)


@pytest.mark.parametrize("attends", [True, False])
@torch.no_grad()
def test_estimates_are_what_the_model_errs(attends):
    """With one layer, whose error is the model's; blocks hold the weights of the linear one exactly."""
    torch.manual_seed(0)
    model = Single(attends).eval()
    if not attends:
        weight = model.blocks[0].weight * torch.linspace(3, 0.1, 64).square()
        model.blocks[0].weight.copy_(fake_quantize(weight.flip(1), MX6).flip(1))
    x = torch.randn(16, 20, 64) * torch.linspace(0.1, 3, 64)
    statistics = collect(model, [(x,)] * 50, replace(SETTINGS, tokens=400))
    mx6 = HeadFormats.of(MX6)
    for high in (False, True):
        heads = (replace(mx6, p=MX9), HeadFormats.of(MX9)) if high else (mx6, mx6)
        layer = LinearPlan(in_features=64, high_blocks=3 * high, permutation=tuple(range(63, -1, -1)))
        plan = Plan(attentions={"blocks.0": AttentionPlan(heads=heads)})
        plan = plan if attends else Plan(linears={"blocks.0": layer})
        quantized = quantize_model(model, plan)
        want = model(x)
        real = 10 * torch.log10(want.square().sum() / (quantized(x) - want).square().sum()).item()
        assert estimated_sqnr(statistics, plan, SETTINGS) == pytest.approx(real, abs=0.3)


def test_estimates_take_sensitivities(model):
    statistics = collect(model, [batch(0)])
    with pytest.raises(ValueError, match="an estimate takes sensitivities, which were not measured"):
        estimated_sqnr(statistics, make_plan(statistics, Settings()), SETTINGS)


@pytest.fixture
def search(monkeypatch, capsys):
    """Runs the command, also where the package was installed before it had one; status, output, errors."""
    point = EntryPoint("search", "mixdit.search.command:command [dit]", "mixdit.commands")
    monkeypatch.setattr(application, "entry_points", lambda group: [point])

    def run(*arguments):
        with pytest.raises(SystemExit) as exit_:
            main(["search", *map(str, arguments)])
        return int(exit_.value.code or 0), *capsys.readouterr()

    return run


@pytest.fixture
def folder(statistics, tmp_path):
    path = tmp_path / "calibrated"
    path.mkdir()
    notes = {"job": {"sensitivity": ["MX6", "MX9"]}}
    save_statistics(statistics, path / "statistics.safetensors", notes)
    return path


def test_plans_of_a_calibration_are_written(search, folder, tmp_path, statistics):
    output = tmp_path / "front"
    output.mkdir()
    for stale in ("plan-00.json", "plan-42.json"):
        (output / stale).write_text("an earlier search's")
    (output / "plan-b.json").write_text("somebody else's")
    status, printed, _ = search(folder, "-o", output, "--points", 5, "--linear-share", 0.3, "--json")
    rows = json.loads(printed)
    assert status == 0
    assert rows == json.loads((output / "front.json").read_text())
    front = search_front(statistics, replace(SETTINGS, linear_share=0.3), 5)
    assert [load_plan(row["plan"]) for row in rows] == [each.plan for each in front]
    assert [row["latency"] for row in rows] == [each.latency for each in front]
    assert [row["mx9_linear"] for row in rows] == [each.plan.mx9_linear for each in front]
    names = {f"plan-{n:02d}.json" for n in range(len(front))}
    assert {path.name for path in output.iterdir()} == names | {"front.json", "plan-b.json"}

    status, printed, _ = search(folder, "-o", output, "--points", 2, "--heads", "whole")
    assert status == 0
    assert "plans by latency" in printed
    assert "1.0000" in printed
    assert not (output / "plan-02.json").exists()


def test_digits_models_are_calibrated_at_once(search, tmp_path):
    status, printed, _ = search("digits-16", "-o", tmp_path, "--points", 2, "--json")
    assert status == 0
    rows = json.loads(printed)
    assert rows[0]["latency"] == 1 < rows[1]["latency"]
    assert 0.04 < rows[1]["mx9_linear"] <= 0.05
    assert set(load_plan(rows[0]["plan"]).linears) >= {"blocks.0.fc1", "blocks.3.attention.qkv"}


def test_what_cannot_be_searched_is_explained(search, folder, tmp_path):
    def refused(*arguments):
        status, _, said = search(*arguments, "-o", tmp_path / "none")
        assert not (tmp_path / "none").exists()
        assert said.count("\n") == 1
        return status, said

    status, said = refused("digits-17")
    assert (status, "model must be one of digits-16, digits-64, fashion-49" in said) == (2, True)
    status, said = refused(tmp_path)
    assert (status, "a folder that mixdit calibrate wrote" in said) == (2, True)
    status, said = refused(folder, "--weight", "MXINT8")
    assert (status, "weight must be one of MX4, MX6, MX9, not MXINT8" in said) == (2, True)
    status, said = refused(folder, "--timestep-groups", 21)
    assert (status, "timestep_groups must be at most 20, not 21" in said) == (2, True)
    status, said = refused(folder, "--points", 1)
    assert (status, "--points must be an integer from 2 to 99, not '1'" in said) == (2, True)
    (folder / "statistics.safetensors").write_bytes(b"nothing")
    status, said = refused(folder)
    assert (status, "is not a file of statistics" in said) == (2, True)


def test_calibrations_without_sensitivities_are_refused(search, folder, statistics):
    save_statistics(statistics, folder / "statistics.safetensors", {"job": {"sensitivity": None}})
    status, _, said = search(folder)
    assert (status, "has no sensitivities: calibrate with --choice sensitivity" in said) == (2, True)
