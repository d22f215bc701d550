"""``mixdit compare`` on the real architectures in miniature: its table, and what is not done again."""

import json
import math
import os

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from gen.cli import main
from mixdit.calibration.passes import Passes
from mixdit.calibration.pipelines import KINDS
from mixdit.compare import tasks
from mixdit.compare.comparison import Comparison
from mixdit.compare.perceptual import perceptual_distance
from mixdit.compare.results import folder_name
from mixdit.compare.subject import Subject
from mixdit.rivals.variants import VARIANTS
from mixdit.save_tensors import opened_tensors
from verif.mixdit.tiny_pipelines import save_pipelines

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:diffusers"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

NAMES = ("FP32", "MX9", "MX6", "mixed", "HTG W4A8", "ViDiT-Q W8A8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The pipelines on disk, and a file of prompts."""
    return save_pipelines(tmp_path_factory.mktemp("pipelines"))


@pytest.fixture(autouse=True)
def fresh():
    """No pipeline of another test."""
    tasks._SUBJECTS.clear()


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as exit_:
        main(["compare", *map(str, arguments)])
    return int(exit_.value.code or 0)


def arguments(folder, kind: str, names=NAMES, images: int = 2) -> list[object]:
    what = ["--labels", "1,2"] if kind == "dit" else ["--prompts", folder / "prompts.txt", "--size", 16]
    variants = [x for name in names for x in ("--variants", name)]
    sizes = ["-n", images, "--steps", 2, "--calibration-images", 1, "--threads", 1]
    return ["--model", folder / kind, "--pipeline", kind, *what, *variants, *sizes]


def rows(capsys) -> dict[str, dict]:
    return {row["variant"]: row for row in json.loads(capsys.readouterr().out)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_of_every_architecture(kind, folder, tmp_path, capsys):
    assert run(*arguments(folder, kind), "--output", tmp_path, "--json") == 0
    found = rows(capsys)
    assert tuple(found) == NAMES
    exact = found.pop("FP32")
    assert (exact["psnr_db"], exact["sqnr_db"], exact["ssim"]) == (None, None, pytest.approx(1))
    for name, row in found.items():
        assert row["images"] == 2
        assert 0 < row["ssim"] < 1, name
        assert [t for t, _ in row["sqnr_by_timestep"]] == sorted(
            (t for t, _ in row["sqnr_by_timestep"]), reverse=True
        )
        assert min(x for _, x in row["sqnr_by_timestep"]) <= row["sqnr_db"]
        assert max(x for _, x in row["sqnr_by_timestep"]) >= row["sqnr_db"]
    assert found["MX9"]["sqnr_db"] > found["MX6"]["sqnr_db"] + 8
    assert found["MX9"]["psnr_db"] > found["MX6"]["psnr_db"] + 4
    assert found["ViDiT-Q W8A8"]["sqnr_db"] > found["HTG W4A8"]["sqnr_db"] + 6
    assert (found["MX6"]["passes"], found["MX9"]["passes"]) == (1, 4)
    assert 1 < found["mixed"]["passes"] < 1.3
    assert 0 < found["mixed"]["mx9_linear"] <= 0.05
    assert 0 < found["mixed"]["mx9_attention"] <= 0.2
    assert found["HTG W4A8"]["passes"] is None
    assert found["MX6"]["memory"] == pytest.approx(16 / 6)
    assert json.loads((tmp_path / "compare.json").read_text()) == [exact, *found.values()]
    assert "| HTG W4A8 | INT4 | INT8 per tensor and" in (tmp_path / "compare.md").read_text()
    assert len(list(tmp_path.glob("*/*.safetensors"))) == 2 * (1 + len(NAMES))
    with opened_tensors(tmp_path / "mx9" / "00001.safetensors") as file:
        image, frames = file.get_tensor("image"), [3] if kind == "latte" else []
        assert (list(image.shape), image.dtype) == ([*frames, 16, 16, 3], torch.uint8)


def test_figures_are_those_of_the_images(folder, tmp_path, capsys):
    """PSNR of all pixels of both images together, from what the files hold."""
    assert run(*arguments(folder, "dit", ["MX6"]), "--output", tmp_path, "--json") == 0
    row = rows(capsys)["MX6"]
    errors = []
    for name in ("00000.safetensors", "00001.safetensors"):
        with (
            opened_tensors(tmp_path / "mx6" / name) as ours,
            opened_tensors(tmp_path / "reference" / name) as its,
        ):
            errors.append((ours.get_tensor("image").double() / 255 - its.get_tensor("image")).square().mean())
    assert row["psnr_db"] == pytest.approx(-10 * math.log10(sum(errors) / 2), abs=0.1)


def test_noise_follows_the_number_of_the_image(folder):
    """Image i of seed s is image 0 of seed s + i; calibration sees noise of no image."""
    settings = {
        "model": str(folder / "dit"), "pipeline": "dit", "items": (7,), "steps": 2, "guidance": None,
        "size": None, "calibration_images": 2, "device": "cpu", "threads": 1,
    }  # fmt: skip
    subject = Subject(Comparison(**settings, seed=3))
    images = [subject.reference(number) for number in range(3)]
    later = Subject(Comparison(**settings, seed=4)).reference(0)
    assert all(np.array_equal(images[1][name], later[name]) for name in later)
    assert not np.array_equal(images[0]["image"], images[1]["image"])
    first = [batch["hidden_states"][0] for batch in subject.calibration.batches[::2]]
    noise = torch.stack([*first, *(starts(subject, number) for number in range(2))])
    assert len(noise.flatten(1).unique(dim=0)) == 4


def starts(subject: Subject, number: int) -> torch.Tensor:
    """The noise that an image begins with."""
    passes = Passes()
    with passes.watch(subject.model):
        subject.reference(number)
    return passes.kwargs[0]["hidden_states"][0]


def test_more_images_begin_with_the_same(folder, tmp_path, capsys, monkeypatch):
    """And nothing that is there is made again, unless its file is damaged."""
    made = []
    for method in ("reference", "measure"):
        real = getattr(Subject, method)
        monkeypatch.setattr(
            Subject, method, lambda *args, real=real: (made.append(args[1:3]), real(*args))[1]
        )
    names = ["MX6", "MX9"]
    assert run(*arguments(folder, "dit", names, images=1), "--output", tmp_path / "a") == 0
    assert len(made) == 3
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "a").glob("*/*.safetensors")}
    capsys.readouterr()
    assert run(*arguments(folder, "dit", names), "--output", tmp_path / "a", "--json") == 0
    assert len(made) == 6
    assert {path: path.stat().st_mtime_ns for path in times} == times
    continued = rows(capsys)
    assert run(*arguments(folder, "dit", names), "--output", tmp_path / "b", "--json") == 0
    assert rows(capsys) == continued
    made.clear()
    path = tmp_path / "a" / "mx6" / "00001.safetensors"
    path.write_bytes(path.read_bytes()[:50])
    assert run(*arguments(folder, "dit", [*names, "MX4"]), "--output", tmp_path / "a", "--json") == 0
    assert [call[0] for call in made] == ["MX6", "MX4", "MX4"]
    found = rows(capsys)
    assert (found["MX6"], found["MX9"]) == (continued["MX6"], continued["MX9"])


def test_results_do_not_mix(folder, tmp_path, capsys, monkeypatch):
    few = arguments(folder, "dit", ["MX6"], images=1)
    assert run(*few, "--output", tmp_path) == 0
    before = (tmp_path / "mx6" / "00000.safetensors").read_bytes()
    for other in (["--seed", 1], ["--guidance", 2], ["--labels", "5"], ["--steps", 3]):
        capsys.readouterr()
        assert run(*few, *other, "--output", tmp_path) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err == (
            f"mixdit: {tmp_path} has results of another comparison: choose another --output, or --restart\n"
        )
    assert (tmp_path / "mx6" / "00000.safetensors").read_bytes() == before
    weights = next((folder / "dit" / "transformer").glob("*.safetensors"))
    os.utime(weights)  # another model in the same place
    assert run(*few, "--output", tmp_path) == 1
    assert run(*few, "--seed", 1, "--output", tmp_path, "--restart") == 0
    assert (tmp_path / "mx6" / "00000.safetensors").read_bytes() != before
    monkeypatch.setattr(Subject, "measure", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["compare", *map(str, [*few, "--output", tmp_path, "--restart"])])
    assert not list(tmp_path.glob("compare.*"))


def test_every_variant_has_a_folder_of_its_own():
    assert len({folder_name(name) for name in VARIANTS}) == len(VARIANTS)
    assert folder_name("W MX6, A MX9") == "w-mx6-a-mx9"


class Pixels(nn.Module):
    """A few pixels, as features and as logits."""

    def forward(self, pictures):
        return pictures[:, :, ::4, ::4].float() / 16


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """A network in a file, and a folder of real pictures of other sizes."""
    root = tmp_path_factory.mktemp("networks")
    example = torch.zeros(1, 3, 16, 16, dtype=torch.uint8)
    torch.export.save(torch.export.export(Pixels(), (example,)), root / "pixels.pt2")
    (root / "real").mkdir()
    generator = np.random.default_rng(1)
    for number in range(3):
        picture = generator.integers(0, 256, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(picture).save(root / "real" / f"{number}.png")
    return root


def test_scores_by_networks_that_the_user_brings(folder, networks, tmp_path, capsys):
    network = networks / "pixels.pt2"
    files = [
        "--real",
        networks / "real",
        *(x for o in ("inception", "classes", "lpips") for x in (f"--{o}", network)),
    ]
    few = arguments(folder, "dit", ["FP32", "MX4"])
    scored = [*few, "--output", tmp_path, "--json", "--metrics", "fid,is,clip,lpips"]
    assert run(*scored, *files) == 0
    said = capsys.readouterr()
    assert said.err == "clip is left out: it takes --clip FOLDER\n"
    exact, rough = (row["scores"] for row in json.loads(said.out))
    assert exact.keys() == {"fid", "inception_score", "perceptual"}
    assert exact["perceptual"] == 0 < rough["perceptual"]
    assert exact["fid"] != rough["fid"]
    assert exact["inception_score"] >= 1
    # Without files, columns are left out, each for a reason.
    assert run(*scored) == 0
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "fid is left out: it takes --real FOLDER and --inception FILE",
        "is is left out: it takes --classes FILE",
        "clip is left out: it takes --clip FOLDER",
        "lpips is left out: it takes --lpips FILE",
    ]
    assert json.loads(said.out)[0]["scores"] == {}
    # Files of another kind are said to be.
    wrong = folder / "prompts.txt"
    assert run(*scored, "--lpips", wrong) == 1
    assert f"{wrong} is no network of torch.export (.pt2) or TorchScript" in capsys.readouterr().err
    assert run(*scored, "--real", folder, "--inception", network) == 1
    assert f"--real {folder} holds no picture" in capsys.readouterr().err


def test_perceptual_distance_is_that_of_normalized_features():
    a, b = torch.randint(1, 256, (2, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    x, y = (v[:, ::4, ::4].double() for v in (a, b))
    expected = (x / x.norm(dim=0) - y / y.norm(dim=0)).square().sum(0).mean()
    assert perceptual_distance(Pixels(), [(a, b)]) == pytest.approx(expected.item())
    assert perceptual_distance(Pixels(), [(a, b), (a, a)]) == pytest.approx(expected.item() / 2)
    several = nn.Module()
    several.forward = lambda pictures: (Pixels()(pictures), Pixels()(pictures))
    assert perceptual_distance(several, [(a, b)]) == pytest.approx(2 * expected.item())


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        (["--pipeline", "sdxl"], 2, "--pipeline must be one of dit, pixart, sd3, latte, not 'sdxl'"),
        (["--variants", "MX5"], 2, "--variants must be one of 'FP32', 'BF16',"),
        (["--metrics", "fid,psnr"], 2, "--metrics must be some of fid, is, clip, lpips, not 'psnr'"),
        (["--images", "0"], 2, "--images must be an integer of at least 1, not '0'"),
        (["--real", "/none"], 2, "--real must be a folder, not '/none'"),
        (["--lpips", "/none"], 2, "--lpips must be a file, not '/none'"),
        (["--prompts", "x"], 2, "--prompts is for pixart, sd3 and latte: dit takes --labels"),
        (["--model", "/none"], 1, "cannot load '/none' as DiTPipeline: "),
        (["--labels", "1000"], 1, "labels must be 0 to 999, the model's classes, not 1000"),
        (["--variants", "mixed by both"], 1, "variant 'mixed by both' cannot be made of "),
        (["--output", "/dev/null/x"], 1, "/dev/null"),
    ],
)
def test_errors_take_one_line(changes, status, message, folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    defaults = [*arguments(folder, "dit", ["MX6"], images=1), "--output", tmp_path]
    assert run(*defaults, *changes) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert not list(tmp_path.glob("compare.*"))


def test_too_little_memory_is_said(folder, tmp_path, capsys, monkeypatch):
    def out_of_memory(*args, **kwargs):
        raise torch.OutOfMemoryError("no")

    monkeypatch.setattr("mixdit.compare.subject.run_pipeline", out_of_memory)
    assert run(*arguments(folder, "dit", ["MX6"]), "--output", tmp_path) == 1
    assert "not enough memory on cpu: try fewer --jobs, or a smaller --size" in capsys.readouterr().err
