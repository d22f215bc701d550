"""``mixdit quality``: experiment, table, checks, command."""

import csv
import dataclasses
import json

import pytest
import torch
import typer
from typer.testing import CliRunner

from golden import MX6, MX9
from mixdit.layers.quantize_model import quantize_model
from mixdit.quality.checks import check_rows
from mixdit.quality.command import command
from mixdit.quality.evaluate import workers
from mixdit.quality.experiment import Experiment
from mixdit.quality.mx9_share import count_mx9
from mixdit.quality.row import Row
from mixdit.rivals.uniform import uniform_mx, uniform_plan
from mixdit.rivals.variants import VARIANTS

NAMES = ("FP32", "MX4", "mixed")


def invoke(*arguments: str):
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, arguments)


@pytest.fixture(scope="module")
def experiment():
    return Experiment("digits-16", samples=20, steps=3)


def test_float_model_has_no_error(experiment):
    row, images = experiment.measure(experiment.model, VARIANTS["FP32"].description)
    assert (row.psnr_db, row.sqnr_db, row.mx9_linear, row.mx9_attention) == (None, None, None, None)
    assert row.ssim == pytest.approx(1)
    assert (row.frechet_delta, row.frechet_delta_sd) == (0, 0)
    assert torch.equal(images, experiment.images)


def test_predicted_noise_is_compared_on_a_tenth_of_the_images(experiment):
    assert [len(images) for images, _, _ in experiment.test_batches] == [2, 2, 2]


def test_rows_order_formats(experiment):
    fine, _ = experiment.measure(uniform_mx(experiment.model, MX9, MX9), VARIANTS["MX9"].description)
    rough, images = experiment.measure(uniform_mx(experiment.model, MX6, MX6), VARIANTS["MX6"].description)
    assert fine.psnr_db > rough.psnr_db + 6
    assert fine.sqnr_db > rough.sqnr_db + 6
    assert rough.psnr_low < rough.psnr_db < rough.psnr_high
    assert rough.frechet_delta_low <= rough.frechet_delta <= rough.frechet_delta_high
    assert (fine.mx9_linear, rough.mx9_attention) == (1, 0)
    assert list(rough.sqnr_by_timestep) == [999, 666, 332]
    assert images.shape == (20, 1, 8, 8)


def test_mx9_is_counted_not_assumed(experiment):
    """A layer in MX9 weighs as many elements as pass through it."""
    model = experiment.model
    plan = uniform_plan(model, 4, MX6, MX6)
    linears = dict(plan.linears)
    linears["blocks.0.fc2"] = dataclasses.replace(linears["blocks.0.fc2"], high_blocks=8)
    attentions = dict(plan.attentions)
    attentions["blocks.1.attention.attend"] = dataclasses.replace(
        attentions["blocks.1.attention.attend"], heads=(MX9, MX6, MX6, MX6)
    )
    plan = dataclasses.replace(plan, linears=linears, attentions=attentions)
    quantized = quantize_model(model, plan)
    with count_mx9(quantized) as (linear, attention):
        quantized(*experiment.batches[0])
    assert linear.elements == 32 * 16 * 4 * (3 * 128 + 512)
    # uniform_plan's high and low are the same format, so only what was replaced can be in MX9.
    assert linear.share == 0
    assert attention.share == 1 / 16
    linears["blocks.0.fc2"] = dataclasses.replace(linears["blocks.0.fc2"], high=MX9)
    quantized = quantize_model(model, dataclasses.replace(plan, linears=linears))
    with count_mx9(quantized) as (linear, attention):
        quantized(*experiment.batches[0])
    assert linear.share == pytest.approx(128 / (4 * 896))


def test_experiments_and_workers_are_checked():
    with pytest.raises(ValueError, match="samples must be at least 2, not 1"):
        Experiment("digits-16", 1, 2)
    with pytest.raises(ValueError, match="jobs must be at least 1, not 0"), workers(0):
        pass


def good_rows() -> list[Row]:
    """Figures that bear out every claim."""
    blank = {field.name: 0.0 for field in dataclasses.fields(Row)}
    psnr = {"MX9": 60, "W MX6, A MX9": 50, "mixed": 45, "MX6": 40, "MX4": 20, "W4A8 per tensor": 20}
    rows = []
    for name in VARIANTS:
        decibels = psnr.get(name, 45)
        row = Row(**{**blank, "model": "m", "variant": name, "psnr_db": decibels, "sqnr_db": decibels})
        row.mx9_linear, row.mx9_attention = 0.05, 0.2
        row.frechet_delta = {"MX4": 10.0, "MX4/MX9": 2.0}.get(name, 0.0)
        row.frechet_delta_low = -1.0
        rows.append(row)
    return rows


def test_checks_pass_good_figures():
    checks = check_rows(good_rows())
    assert len(checks) == 15
    assert all(check.holds for check in checks), [check for check in checks if not check.holds]


@pytest.mark.parametrize(
    ("variant", "field", "value", "claim"),
    [
        ("MX9", "psnr_db", 49, "PSNR: MX9 > W MX6, A MX9"),
        ("mixed", "psnr_db", 39, "PSNR: mixed > MX6"),
        ("mixed by both", "mx9_linear", 0.051, "linear activations in MX9"),
        ("mixed at random", "mx9_attention", 0.21, "attention operands in MX9"),
        ("mixed", "frechet_delta_low", 0.1, "mixed: no Frechet loss"),
        ("W8A8 per token", "frechet_delta_low", 0.1, "W8A8 per token: no Frechet loss"),
        ("MX4/MX9", "frechet_delta", 3.1, "mixing removes 70%"),
        ("W MX6, A MX9", "sqnr_db", 51, "closes 50%"),
        ("HTG W4A8", "sqnr_db", 19, "HTG W4A8 is closer"),
    ],
)
def test_checks_catch_what_is_wrong(variant, field, value, claim):
    rows = good_rows()
    setattr(next(row for row in rows if row.variant == variant), field, value)
    failed = [check.claim for check in check_rows(rows) if not check.holds]
    assert len(failed) == 1
    assert claim in failed[0]


@pytest.mark.slow
def test_command_prints_and_draws(tmp_path):
    arguments = [
        "--model",
        "digits-16",
        "--n",
        "10",
        "--steps",
        "2",
        "--jobs",
        "1",
        "--output",
        str(tmp_path),
    ]
    for name in NAMES:
        arguments += ["--variant", name]
    result = invoke(*arguments, "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    assert [row["variant"] for row in rows] == list(NAMES)
    needed = {"model", "variant", "psnr_db", "sqnr_db", "frechet", "frechet_delta", "frechet_delta_sd"}
    assert needed | {"accuracy", "mx9_linear", "mx9_attention"} <= set(rows[0])
    assert rows == json.loads((tmp_path / "quality.json").read_text())
    with (tmp_path / "quality.csv").open(newline="") as file:
        assert [line["variant"] for line in csv.DictReader(file)] == list(NAMES)
    table = [line.split(" | ") for line in (tmp_path / "quality.md").read_text().splitlines()[4:]]
    assert [cells[0].removeprefix("| ") for cells in table] == ["variant", "---", *NAMES]
    assert {len(cells) for cells in table} == {12}
    for picture in ("samples", "timesteps", "activations", "outliers", "layers", "pareto"):
        assert (tmp_path / f"{picture}-digits-16.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--variant", "MX5"], "variant must be one of"),
        (["--model", "digits-17"], "model must be one of"),
        (["--check", "--variant", "MX6"], "takes all variants"),
        (["--json", "--csv"], "choose one"),
        (["--n", "1"], "--n"),
        (["--n", "9", "--n", "9", "--n", "9"], "--n must be given once, or for each of 2 models"),
    ],
)
def test_command_names_what_is_wrong(arguments, message, tmp_path):
    result = invoke(*arguments, "--output", str(tmp_path))
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
