"""The digits transformer: shapes, training, sampling, checkpoints."""

import dataclasses
import json

import pytest
import torch
import typer
from diffusers import DDIMScheduler
from typer.testing import CliRunner

from mixdit.digits.checkpoint import CHECKPOINTS, load_model, save_model
from mixdit.digits.classifier import CLASSIFIERS, load_classifier
from mixdit.digits.command import command
from mixdit.digits.data import load_digits
from mixdit.digits.diffusion import (
    TIMESTEPS,
    add_noise,
    balanced_labels,
    initial_noise,
    sample,
    sampling_timesteps,
    trajectory,
)
from mixdit.digits.held_out import HELD_OUT
from mixdit.digits.model import DigitsTransformer, ModelShape
from mixdit.digits.recipes import RECIPES, Recipe
from mixdit.digits.training import train

TINY = ModelShape(patch=4, width=16, depth=1, heads=2)


def tiny_model(seed: int = 0) -> DigitsTransformer:
    """A model with random weights everywhere, also where training starts from zeros."""
    torch.manual_seed(seed)
    model = DigitsTransformer(TINY).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter += 0.1 * torch.randn(parameter.shape)
    return model


def test_digits_are_scaled_and_labelled():
    images, labels = load_digits()
    assert images.shape == (1797, 1, 8, 8)
    assert images.aminmax() == (-1, 1)
    assert labels.bincount(minlength=10).min() > 170


@pytest.mark.parametrize("patch", [1, 2, 4])
def test_tokens_are_patches(patch):
    model = DigitsTransformer(dataclasses.replace(TINY, patch=patch)).eval()
    tokens = []
    model.blocks[0].register_forward_pre_hook(lambda module, inputs: tokens.append(inputs[0]))
    images = torch.randn(3, 1, 8, 8)
    noise = model(images, torch.tensor([0, 5, 999]), torch.tensor([0, 9, 10]))
    assert noise.shape == images.shape
    assert tokens[0].shape == (3, (8 // patch) ** 2, 16)
    # Zero-initialized modulation makes each block the identity, and the output zero.
    assert torch.equal(noise, torch.zeros_like(noise))
    features = (
        tokens[0] - model.positions - model.patch_embedding.bias
    ) @ model.patch_embedding.weight.pinverse().T
    first = images[:, 0, :patch, :patch].flatten(1)
    if patch < 4:  # 16 channels hold a patch of up to 4 pixels without loss
        assert torch.allclose(features[:, 0], first, atol=1e-4)


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="patch must divide image=8, not 3"):
        ModelShape(patch=3, width=16, depth=1, heads=2)
    with pytest.raises(ValueError, match="multiple of 4 and of heads=3, not 16"):
        ModelShape(patch=2, width=16, depth=1, heads=3)


def test_noise_follows_the_schedule():
    images, _ = load_digits()
    noise = initial_noise(2, 1)
    timesteps = torch.tensor([0, TIMESTEPS - 1])
    noisy = add_noise(images[:2], noise, timesteps)
    assert torch.allclose(noisy[0], images[0], atol=0.06)
    assert torch.allclose(noisy[1], noise[1], atol=0.02)
    assert torch.equal(initial_noise(5, 1)[:2], noise)


def test_sampling_with_the_true_noise_gives_the_image_back():
    """A model that knows the image predicts exactly the noise, and DDIM must end at the image."""
    target = load_digits()[0][:7]
    signal = add_noise(torch.ones(1000, 1, 1, 1), torch.zeros(1000, 1, 1, 1), torch.arange(1000)).flatten()

    class Oracle(torch.nn.Module):
        def forward(self, x, t, y):
            a = signal[t][:, None, None, None]
            return (x - a * target) / (1 - a * a).sqrt()

    result = sample(Oracle(), initial_noise(7, 3), balanced_labels(7), steps=5)
    assert torch.allclose(result, target, atol=1e-4)


def test_sampling_is_reproducible_and_batches_do_not_matter():
    model, noise, labels = tiny_model(), initial_noise(7, 0), balanced_labels(7)
    calls = []
    images = sample(model, noise, labels, 4, lambda done, total: calls.append((done, total)))
    assert calls == [(i, 4) for i in range(1, 5)]
    assert torch.equal(images, sample(model, noise, labels, 4))
    assert torch.allclose(images, sample(model, noise, labels, 4, batch=3), atol=1e-5)


def test_trajectory_is_what_sampling_visits():
    model, noise, labels = tiny_model(), initial_noise(3, 0), balanced_labels(3)
    path = trajectory(model, noise, labels, 4)
    batches = path.batches
    assert [int(t[0]) for _, t, _ in batches] == sampling_timesteps(4).tolist() == [999, 749, 499, 249]
    assert torch.equal(batches[0][0], noise)
    assert len({float(x.sum()) for x, _, _ in batches}) == 4
    assert torch.equal(path.predicted, torch.stack([model(*batch) for batch in batches]))
    assert torch.equal(path.images, sample(model, noise, labels, 4))


@pytest.mark.parametrize("steps", [1, 3, 20])
def test_sampling_is_the_ddim_of_diffusers(steps):
    scheduler = DDIMScheduler(beta_start=1e-4, beta_end=0.02, timestep_spacing="trailing")
    scheduler.set_timesteps(steps)
    assert torch.equal(scheduler.timesteps, sampling_timesteps(steps))
    model, x, labels = tiny_model(), initial_noise(5, 0), balanced_labels(5)
    images, timesteps = load_digits()[0][:5], torch.arange(5) * 200
    assert torch.equal(scheduler.add_noise(images, x, timesteps), add_noise(images, x, timesteps))
    got = sample(model, x, labels, steps)
    for t in scheduler.timesteps:
        with torch.inference_mode():
            predicted = model(x, t.expand(5), labels)
        x = scheduler.step(predicted, t, x, use_clipped_model_output=True).prev_sample
    assert torch.equal(got, x)


@pytest.mark.parametrize("steps", [0, 1001])
def test_steps_are_checked(steps):
    with pytest.raises(ValueError, match=f"steps must be 1 to 1000, not {steps}"):
        sampling_timesteps(steps)


def test_training_learns_and_repeats():
    recipe = Recipe(shape=TINY, learning_rate=2e-3, steps=25, batch=8, warmup=5)
    losses = []
    model, loss = train(recipe, lambda step, value: losses.append(value))
    assert len(losses) == 25
    assert losses[-1] == loss < 0.9 * losses[0]
    again, _ = train(recipe)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))


def test_checkpoints_keep_weights_in_half_precision(tmp_path):
    model = tiny_model()
    save_model(tmp_path / "m.safetensors", model)
    loaded = load_model(tmp_path / "m.safetensors")
    assert loaded.shape == TINY
    for a, b in zip(model.state_dict().values(), loaded.state_dict().values(), strict=True):
        assert torch.equal(a.half().float(), b)
    with pytest.raises(ValueError, match="model must be one of digits-16"):
        load_model("digits-17")
    (tmp_path / "bad.safetensors").write_bytes(b"0123456789")
    with pytest.raises(ValueError, match="holds no digits transformer"):
        load_model(tmp_path / "bad.safetensors")


def test_trained_models_come_with_the_project():
    files = sorted(CHECKPOINTS.glob("*.safetensors"))
    assert {f.stem for f in files} == {*RECIPES, *CLASSIFIERS, HELD_OUT}
    assert max(f.stat().st_size for f in files) <= 15e6
    for name, recipe in RECIPES.items():
        assert load_model(name).shape == recipe.shape


def test_classifier_knows_the_digits():
    images, labels = load_digits()
    features, logits = load_classifier()(images)
    assert features.shape == (1797, 64)
    assert (logits.argmax(1) == labels).float().mean() > 0.99


@pytest.mark.slow
def test_trained_model_makes_the_digits_asked_for():
    labels = balanced_labels(100)
    images = sample(load_model("digits-16"), initial_noise(100, 9), labels, 20)
    assert (load_classifier()(images)[1].argmax(1) == labels).float().mean() >= 0.94


def test_command_trains(tmp_path):
    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(
        app, ["digits-16", "--steps", "2", "--threads", "1", "-o", str(tmp_path), "--json"]
    )
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)
    assert row["name"] == "digits-16"
    assert load_model(row["file"]).shape == RECIPES["digits-16"].shape
    result = CliRunner().invoke(app, ["digits-17", "-o", str(tmp_path)])
    assert result.exit_code == 2
