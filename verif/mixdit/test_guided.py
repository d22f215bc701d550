"""Classifier-free guidance: of a model, and in the comparison of precisions."""

import copy

import pytest
import torch
import typer
from typer.testing import CliRunner

from golden import MX6
from mixdit.digits.checkpoint import load_model
from mixdit.digits.diffusion import initial_noise, sample
from mixdit.digits.guided import Guided
from mixdit.layers.quantize_model import quantize_model
from mixdit.quality.command import command
from mixdit.quality.experiment import Experiment
from mixdit.rivals.layers import find_layers
from mixdit.rivals.uniform import uniform_plan

DESCRIPTION = dict.fromkeys(("variant", "weights", "activations", "attention"), "") | {"weight_bits": 6.0}


@pytest.fixture(scope="module")
def model():
    return load_model("digits-16")


def test_away_from_any_digit_towards_the_one_asked_for(model):
    images = initial_noise(3, 1)
    timesteps, labels = torch.tensor([0, 500, 999]), torch.tensor([3, 0, 9])
    with torch.no_grad():
        asked = model(images, timesteps, labels)
        anything = model(images, timesteps, torch.full((3,), 10))
        found = Guided(model, 2.5)(images, timesteps, labels)
    torch.testing.assert_close(found, 2.5 * asked - 1.5 * anything, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scale", [1, 0, -2, float("nan"), float("inf")])
def test_a_scale_without_guidance_is_refused(model, scale):
    with pytest.raises(ValueError, match=f"scale must be more than 1 and finite, not {scale}"):
        Guided(model, scale)


def test_experiments_compare_guided_images_and_noise(model):
    plain, guided = (Experiment("digits-16", samples=20, steps=3, guidance=scale) for scale in (1.0, 3.0))
    want = sample(Guided(model, 3.0), plain.noise, plain.labels, 3)
    torch.testing.assert_close(guided.images, want, rtol=1e-4, atol=1e-4)
    # Calibration sees what the model is called with: every image with its label, and without.
    images, timesteps, labels = guided.batches[0]
    assert len(images) == len(timesteps) == 2 * len(plain.batches[0][0])
    assert torch.equal(labels, torch.cat([plain.batches[0][2], torch.full((len(labels) // 2,), 10)]))
    quantized = quantize_model(model, uniform_plan(find_layers(model, plain.batches[0]), MX6, MX6))
    rows = [experiment.measure(quantized, DESCRIPTION).row for experiment in (plain, guided)]
    assert [row.guidance for row in rows] == [1, 3]
    # Errors of both calls add up, the farther from each other the more.
    assert rows[1].sqnr_db < rows[0].sqnr_db - 1
    assert rows[0].passes == rows[1].passes == 1
    # The noise of both is compared with guidance: a model like the original has none of the error.
    assert guided.measure(copy.deepcopy(model), DESCRIPTION).row.sqnr_db is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--check", "--guidance", "2"], "leave --guidance 2 out"),
        (["--guidance", "0.5"], "--guidance"),
    ],
)
def test_what_is_refused(arguments, says, monkeypatch):
    monkeypatch.setattr("mixdit.quality.evaluate.evaluate", lambda *given: pytest.fail("was evaluated"))
    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert says in result.output
