"""``mixdit search``: fronts of plans, what they are estimated to be, and their files."""

import csv
import json
from dataclasses import replace
from importlib.metadata import EntryPoint, EntryPoints

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from gen import application
from gen.cli import main
from golden import MX6, MX9
from mixdit.calibration import costs
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
from perf.cycles.price import engine_price
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
    cost = EntryPoint("cycles", "perf.cycles.price:engine_price", costs.COSTS)
    monkeypatch.setattr(application, "entry_points", lambda group: [point])
    monkeypatch.setattr(costs, "entry_points", lambda group: EntryPoints([cost]))

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
    assert {path.name for path in output.iterdir()} == names | {
        *("front.json", "front.csv", "front.png", "plan-b.json")
    }
    table = list(csv.DictReader((output / "front.csv").read_text().splitlines()))
    assert [float(row["latency"]) for row in table] == [row["latency"] for row in rows]
    assert list(table[0]) == list(rows[0])
    assert {row["cost"] for row in rows} == {"passes of the array"}
    picture = np.asarray(Image.open(output / "front.png").convert("L"))
    assert 0.01 < (picture < 128).mean() < 0.2

    status, printed, _ = search(folder, "-o", output, "--points", 2, "--heads", "whole")
    assert status == 0
    assert "plans by latency" in printed
    assert "1.0000" in printed
    assert not (output / "plan-02.json").exists()


def test_cycles_take_the_place_of_passes(search, folder, tmp_path, statistics):
    """The same search twice gives the same files; latencies are cycles, on the engine that is asked for."""
    asked = (folder, "--points", 4, "--linear-share", 0.3, "--cost", "cycles", "--json")
    status, printed, _ = search(*asked, "-o", tmp_path / "first")
    assert status == 0
    rows = json.loads(printed)
    price = engine_price({})
    assert [row["latency"] for row in rows] == [
        Latency(statistics, price).relative(load_plan(row["plan"])) for row in rows
    ]
    assert {row["cost"] for row in rows} == {"cycles of the engine"}
    search(*asked, "-o", tmp_path / "second")
    for path in (tmp_path / "first").glob("*.json"):
        again = (tmp_path / "second" / path.name).read_text()
        assert again == path.read_text().replace("/first/", "/second/")
    _, printed, _ = search(*asked, "--set", "rows=4", "--set", "cols=4", "-o", tmp_path / "third")
    other = json.loads(printed)
    assert [row["latency"] for row in other] != [row["latency"] for row in rows]
    _, printed, _ = search(*asked[:-3], "--json", "-o", tmp_path / "fourth")
    passes = json.loads(printed)
    assert [row["latency"] for row in passes] != [row["latency"] for row in rows]


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
    for given, says in (
        (("--cost", "seconds"), "cost must be one of passes, cycles, not 'seconds'"),
        (("--cost", "cycles", "--set", "cols=3"), "cols must be one of"),
        (("--cost", "cycles", "--set", "columns=3"), "columns"),
        (("--cost", "cycles", "--set", "cols"), "--set must be NAME=VALUE"),
        (("--set", "cols=8"), "passes are the same on every engine: leave cols out"),
    ):
        status, said = refused(folder, *given)
        assert (status, says in said) == (2, True), said
    status, said = refused(folder, "--points", 1)
    assert (status, "--points must be an integer from 2 to 99, not '1'" in said) == (2, True)
    (folder / "statistics.safetensors").write_bytes(b"nothing")
    status, said = refused(folder)
    assert (status, "is not a file of statistics" in said) == (2, True)


def test_calibrations_without_sensitivities_are_refused(search, folder, statistics):
    save_statistics(statistics, folder / "statistics.safetensors", {"job": {"sensitivity": None}})
    status, _, said = search(folder)
    assert (status, "has no sensitivities: calibrate with --choice sensitivity" in said) == (2, True)
