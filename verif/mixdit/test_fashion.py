"""Pictures in IDX files, and the model that learns them."""

import gzip
import json
import struct
from dataclasses import replace

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from mixdit.digits import classifier as classifiers
from mixdit.digits.checkpoint import load_model
from mixdit.digits.classifier import CLASSIFIERS, Classifier, load_classifier
from mixdit.digits.command import command
from mixdit.digits.diffusion import balanced_labels, initial_noise, sample
from mixdit.digits.fashion import load_fashion
from mixdit.digits.held_out import HELD_OUT, feature_moments, load_moments
from mixdit.digits.idx_files import read_idx
from mixdit.digits.recipes import RECIPES
from mixdit.digits.training import train
from mixdit.quality.frechet import FrechetReference
from mixdit.quality.judge import Judge
from verif.peak_memory import little_memory

COUNTS = {"train": 70, "t10k": 30}


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">4B{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()


@pytest.fixture
def folder(tmp_path):
    """Pictures that are the brighter the greater their label: a part packed, a part not."""
    for part, count in COUNTS.items():
        labels = (np.arange(count) % 10).astype(np.uint8)
        images = np.random.default_rng(0).integers(0, 20, (count, 28, 28)) + 20 * labels[:, None, None]
        for kind, values in (("images-idx3", images.astype(np.uint8)), ("labels-idx1", labels)):
            path, content = tmp_path / f"{part}-{kind}-ubyte", idx(values)
            if part == "train":
                path.with_name(path.name + ".gz").write_bytes(gzip.compress(content))
            else:
                path.write_bytes(content)
    return tmp_path


def test_pictures_are_scaled_and_labelled(folder):
    for part, count in COUNTS.items():
        images, labels = load_fashion(folder, part)
        assert images.shape == (count, 1, 28, 28)
        assert (images.dtype, labels.dtype) == (torch.float32, torch.int64)
        assert torch.equal(labels, torch.arange(count) % 10)
        first = torch.tensor(np.random.default_rng(0).integers(0, 20, (count, 28, 28))[0])
        torch.testing.assert_close(images[0, 0], first / 127.5 - 1)
        assert -1 <= images.min() < images.max() <= 1


WHOLE = idx(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))


@pytest.mark.parametrize("packed", [False, True])
def test_a_header_that_lies_asks_for_no_memory(packed, tmp_path):
    lying = struct.pack(">4B3I", 0, 0, 8, 3, 1 << 10, 1 << 10, 1 << 10) + b"x"
    path = tmp_path / "pictures"
    (tmp_path / ("pictures.gz" if packed else "pictures")).write_bytes(
        gzip.compress(lying) if packed else lying
    )
    with little_memory(), pytest.raises(ValueError, match=r"must hold 1073741824 values, .* not 1"):
        read_idx(path, 3)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "must begin with 00000803, not nothing"),
        (WHOLE[:9], "must begin with 00000803"),
        (b"PK" + WHOLE[2:], "must begin with 00000803, not 504b0803"),
        (WHOLE[:2] + b"\x0d" + WHOLE[3:], "must begin with 00000803, not 00000d03"),
        (idx(np.zeros((2, 3), np.uint8)), "must begin with 00000803, not 00000802"),
        (WHOLE[:-1], r"must hold 24 values, as its shape \(2, 3, 4\) says, not 23"),
        (WHOLE + b"x", "must hold 24 values, .* not more"),
        (struct.pack(">4B3I", 0, 0, 8, 3, *[0xFFFFFFFF] * 3), "must hold 1 to 1073741824 values"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 2, 0, 4), r"must hold 1 to .* not 0: its shape is \(2, 0, 4\)"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_files_that_hold_something_else(content, says, packed, tmp_path):
    path = tmp_path / "pictures"
    (tmp_path / ("pictures.gz" if packed else "pictures")).write_bytes(
        gzip.compress(content) if packed else content
    )
    with pytest.raises(ValueError, match=says):
        read_idx(path, 3)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ValueError, match=r"has no pictures, and no pictures\.gz"):
        read_idx(tmp_path / "pictures", 3)
    packed = tmp_path / "pictures.gz"
    packed.write_bytes(b"not packed")
    with pytest.raises(ValueError, match=r"pictures\.gz cannot be read: Not a gzipped file"):
        read_idx(tmp_path / "pictures", 3)
    packed.write_bytes(gzip.compress(WHOLE)[:-9])
    with pytest.raises(ValueError, match=r"pictures\.gz cannot be read"):
        read_idx(tmp_path / "pictures", 3)


def test_folders_that_hold_other_pictures(folder):
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(np.full(30, 10, np.uint8)))
    with pytest.raises(ValueError, match="a label from 0 to 9 for each of 30 pictures, not 30 up to 10"):
        load_fashion(folder, "t10k")
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(np.zeros(29, np.uint8)))
    with pytest.raises(ValueError, match="not 29 up to 0"):
        load_fashion(folder, "t10k")
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx(np.zeros((30, 28, 27), np.uint8)))
    with pytest.raises(ValueError, match=r"must be of 28x28 pixels, not \(28, 27\)"):
        load_fashion(folder, "t10k")


def test_training_learns_from_the_pictures_and_repeats(folder):
    shape = replace(RECIPES["fashion-49"].shape, width=16, depth=1, heads=2)
    recipe = replace(RECIPES["fashion-49"], shape=shape, steps=30, batch=8, warmup=5, learning_rate=3e-3)
    losses = []
    model, loss = train(recipe, lambda step, value: losses.append(value), folder)
    assert losses[-1] == loss < 0.9 * losses[0]
    again, _ = train(recipe, folder=folder)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))


def run(*arguments):
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [*map(str, arguments)])


def test_commands_train_model_and_classifier(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(classifiers, "FASHION_EPOCHS", 1)
    output = tmp_path / "new"
    options = ("--threads", 1, "--pictures", folder, "-o", output, "--json")
    result = run("fashion-49", "--steps", 1, *options)
    assert result.exit_code == 0, result.output
    assert load_model(json.loads(result.stdout)[0]["file"]).shape == RECIPES["fashion-49"].shape
    result = run("fashion-classifier", *options)
    assert result.exit_code == 0, result.output
    kept = load_classifier("fashion-classifier", output)
    features = kept(load_fashion(folder, "t10k")[0])[0].detach().double()
    moments = feature_moments(kept, folder)
    torch.testing.assert_close(moments["mean"], features.mean(0))
    torch.testing.assert_close(moments["covariance"], features.T.cov())
    assert {path.stem for path in output.iterdir()} == {"fashion-49", "fashion-classifier", HELD_OUT}


@pytest.mark.parametrize("name", ["fashion-49", "fashion-classifier"])
def test_commands_name_the_file_that_is_missing(name, tmp_path):
    result = run(name, "--pictures", tmp_path, "-o", tmp_path / "new")
    assert result.exit_code == 1
    assert "has no train-images-idx3-ubyte, and no train-images-idx3-ubyte.gz" in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.glob("new/*")) == []


def test_classifiers_have_no_steps(tmp_path):
    result = run("fashion-classifier", "--steps", 3, "-o", tmp_path)
    assert (result.exit_code, "leave --steps 3 out" in result.stderr) == (1, True)


@pytest.mark.parametrize(("name", "side"), CLASSIFIERS.items())
def test_judges_see_what_the_classifier_does(name, side):
    judge = Judge.of(side)
    assert torch.equal(judge.classifier.logits.weight, load_classifier(name).logits.weight)
    images = torch.randn(501, 1, side, side).clamp(-1, 1)
    features, shares = judge(images)
    wanted, logits = judge.classifier(images[498:])
    np.testing.assert_allclose(features[498:], wanted.double(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(shares[498:], logits.double().softmax(1), rtol=1e-5, atol=1e-5)
    assert judge.real.distance(features) > 1


def test_others_have_no_judge():
    with pytest.raises(ValueError, match="images must have 8 or 28 pixels a side to be judged, not 16"):
        Judge.of(16)


def test_moments_are_those_of_a_covariance():
    mean, covariance = load_moments()
    assert mean.shape == (64,)
    torch.testing.assert_close(covariance, covariance.T, rtol=1e-12, atol=1e-12)
    values = torch.linalg.eigvalsh(covariance)
    assert values.min() > -1e-9 * values.max()
    moments = mean.numpy(), covariance.numpy()
    reference = FrechetReference.of(*moments)
    drawn = np.random.default_rng(0).multivariate_normal(*moments, 4000)
    assert reference.distance(drawn) < 0.05 * reference.distance(1.3 * drawn)


def test_larger_images_are_halved_once_more():
    features, logits = Classifier(28)(torch.zeros(2, 1, 28, 28))
    assert (features.shape, logits.shape) == ((2, 64), (2, 10))


@pytest.mark.slow
def test_trained_model_makes_the_clothes_asked_for():
    model, labels = load_model("fashion-49"), balanced_labels(50)
    images = sample(model, initial_noise(50, 9, model.shape.image), labels, 10)
    _, shares = Judge.of(model.shape.image)(images)
    assert (shares.argmax(axis=1) == labels.numpy()).mean() >= 0.8
