"""``mixdit quality``: experiment, table, checks, command."""

import csv
import dataclasses
import json

import pytest
import torch
import typer
from typer.testing import CliRunner

from golden import MX6, MX9
from mixdit.digits.diffusion import balanced_labels, initial_noise, sample
from mixdit.layers.quantize_model import quantize_model
from mixdit.quality.choice import choices
from mixdit.quality.command import command
from mixdit.quality.experiment import Experiment
from mixdit.quality.mx9_share import count_mx9
from mixdit.quality.similarity import psnr
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.noise_error import predict
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


@pytest.fixture(scope="module")
def calibration(experiment):
    return Calibration(experiment.model, experiment.batches)


def test_float_model_has_no_error(experiment):
    result = experiment.measure(experiment.model, VARIANTS["FP32"].description)
    row, images = result.row, result.images
    assert (row.psnr_db, row.sqnr_db, row.mx9_linear, row.mx9_attention) == (None, None, None, None)
    assert (row.psnr_low, row.sqnr_high) == (None, None)
    assert (row.sqnr_calibration_db, row.psnr_calibration_db) == (None, None)
    assert row.ssim == pytest.approx(1)
    assert (row.frechet_delta, row.frechet_delta_sd) == (0, 0)
    assert torch.equal(images, experiment.images)


def test_predicted_noise_is_compared_on_sixteen_images_or_a_tenth(experiment):
    assert [len(images) for images, _, _ in experiment.test_batches] == [16, 16, 16]
    assert len(Experiment("digits-16", samples=190, steps=1).test_batches[0][0]) == 19


def test_images_come_from_the_noise_of_two_seeds_and_choices_from_another(experiment, calibration):
    first, second, other = (initial_noise(20, seed) for seed in (123, 124, 456))
    assert torch.equal(experiment.noise, torch.cat([first[:10], second[10:]]))
    assert torch.equal(experiment.test_batches[0][0], experiment.noise[:16])
    assert torch.equal(experiment.batches[0][0][:20], other)
    chosen = quantize_model(experiment.model, uniform_plan(calibration.layers, MX6, MX6))
    row = experiment.measure(chosen, VARIANTS["MX6"].description).row
    batches = [(x[:16], t[:16], y[:16]) for x, t, y in experiment.batches]
    reference = predict(experiment.model, batches).double()
    error = (predict(chosen, batches).double() - reference).square().sum()
    expected = 10 * (reference.square().sum() / error).log10().item()
    assert row.sqnr_calibration_db == pytest.approx(expected)
    noise, labels = other[:16], balanced_labels(16)
    images = [sample(model, noise, labels, 3) for model in (chosen, experiment.model)]
    assert row.psnr_calibration_db == pytest.approx(psnr(*images), abs=1e-3)


def test_plans_are_chosen_by_predictions_and_by_images(experiment):
    row = experiment.measure(experiment.model, VARIANTS["FP32"].description).row
    figures = {"a": (30.0, 20.0), "b": (29.0, 21.0), "better": (40.0, 40.0)}
    rows = [
        dataclasses.replace(
            row, model=model, variant=name, sqnr_calibration_db=of_noise, psnr_calibration_db=of_images
        )
        for model in ("one", "two")
        for name, (of_noise, of_images) in figures.items()
    ]
    rows[4].psnr_calibration_db, rows[3].psnr_calibration_db = 19.0, None  # no error
    found = choices([*rows, dataclasses.replace(row, model="three", variant="a")], ("a", "b"))
    assert [(each.model, each.criterion, each.row.variant) for each in found] == [
        ("one", "predicted noise", "a"),
        ("one", "images", "b"),
        ("two", "predicted noise", "a"),
        ("two", "images", "a"),
    ]


def test_rows_order_formats(experiment, calibration):
    fine = experiment.measure(uniform_mx(calibration, MX9, MX9), VARIANTS["MX9"].description).row
    result = experiment.measure(uniform_mx(calibration, MX6, MX6), VARIANTS["MX6"].description)
    rough, images = result.row, result.images
    assert fine.psnr_db > rough.psnr_db + 6
    assert fine.sqnr_db > rough.sqnr_db + 6
    assert rough.psnr_low < rough.psnr_db < rough.psnr_high
    assert rough.sqnr_low < rough.sqnr_db < rough.sqnr_high
    assert rough.psnr_db == pytest.approx(psnr(images, experiment.images))
    assert {name: score.value for name, score in result.scores.items()} == {
        "SQNR": rough.sqnr_db,
        "PSNR": rough.psnr_db,
        "Frechet": rough.frechet,
    }
    assert rough.frechet_delta_low <= rough.frechet_delta <= rough.frechet_delta_high
    assert (fine.mx9_linear, rough.mx9_attention) == (1, 0)
    assert list(rough.sqnr_by_timestep) == [999, 666, 332]
    assert images.shape == (20, 1, 8, 8)


def test_mx9_is_counted_not_assumed(experiment, calibration):
    """A layer in MX9 weighs as many elements as pass through it."""
    model = experiment.model
    plan = uniform_plan(calibration.layers, MX6, MX6)
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


def test_experiments_are_checked():
    with pytest.raises(ValueError, match="samples must be at least 2, not 1"):
        Experiment("digits-16", 1, 2)


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
    assert [cells[-1] for cells in table] == ["memory |", "--- |", "0.50x |", "4.00x |", "2.67x |"]
    assert {len(cells) for cells in table} == {13}
    for picture in ("samples", "timesteps", "activations", "outliers", "layers", "pareto"):
        assert (tmp_path / f"{picture}-digits-16.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--variant", "MX5"], "variant must be one of"),
        (["--model", "digits-17"], "model must be one of"),
        (["--check", "--variant", "MX6"], "takes the variants of its claims"),
        (["--check-frechet", "--variant", "MX6"], "takes the variants of its claims"),
        (["--json", "--csv"], "choose one"),
        (["--n", "1"], "--n"),
        (["--n", "9", "--n", "9"], "--n must be given once, or for each of 3 models"),
    ],
)
def test_command_names_what_is_wrong(arguments, message, tmp_path):
    result = invoke(*arguments, "--output", str(tmp_path))
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
