"""``mixdit calibrate`` on the real architectures in miniature: load, calibrate, save, load, sample."""

import json
from importlib.metadata import EntryPoint, EntryPoints

import numpy as np
import pytest
import torch

from gen.cli import main
from mixdit.calibration import costs
from mixdit.calibration import job as calibration_job
from mixdit.calibration.latency import Latency
from mixdit.calibration.pipelines import KINDS, load_pipeline, run_pipeline
from mixdit.calibration.statistics_file import load_statistics
from mixdit.layers.packed import load_packed, restore
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan_file import load_plan
from mixdit.plan.timestep_plan import TimestepPlan
from perf.cycles.price import engine_price
from verif.mixdit.tiny_pipelines import save_pipelines

pytestmark = [
    # Their own business: of diffusers with itself, and of transformers with torchvision.
    pytest.mark.filterwarnings("ignore::FutureWarning:diffusers"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The pipelines on disk, and a file of prompts."""
    return save_pipelines(tmp_path_factory.mktemp("pipelines"))


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as exit_:
        main(["calibrate", *map(str, arguments)])
    return int(exit_.value.code or 0)


def arguments(folder, kind: str) -> list[object]:
    what = ["--labels", "1,2"] if kind == "dit" else ["--prompts", folder / "prompts.txt", "--size", 16]
    return ["--model", folder / kind, "--pipeline", kind, *what, "--steps", 3]


OPTIONS = {
    "latte": ["--preview"],
    "dit": ["--linear-share", 0.1, "--preview"],
    "pixart": ["--timestep-groups", 2, "--low", "MX4", "--choice", "sensitivity", "--latency", 1.06],
    "sd3": [
        "--choice",
        "sensitivity",
        "--heads",
        "operands",
        "--exchanges",
        20,
        "--cover",
        0.9,
        "--rounding",
        "nearest",
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_from_a_pipeline_to_samples(kind, folder, tmp_path, capsys):
    assert run(*arguments(folder, kind), *OPTIONS[kind], "--output", tmp_path, "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    plan = load_plan(tmp_path / "plan.json")
    assert isinstance(plan, TimestepPlan) is (kind == "pixart")
    assert 0 < figures["mx9_linear"] <= (0.1 if kind == "dit" else 0.05)
    assert figures["mx9_linear"] == pytest.approx(plan.mx9_linear)
    assert 0 < figures["mx9_attention"] <= 0.2
    assert figures["passes"] == 2 * 3
    rounding = {"pixart": "nearest", "sd3": "nearest"}.get(kind, "compensated")
    plans = plan.plans if isinstance(plan, TimestepPlan) else (plan,)
    assert figures["rounding"] == rounding
    assert all(each.notes["settings"]["rounding"] == rounding for each in plans)
    assert 1 < figures["latency"] <= (1.06 if kind == "pixart" else 2)
    assert (tmp_path / "preview.png").exists() is (kind in ("dit", "latte"))

    loaded = load_pipeline(str(folder / kind), KINDS[kind])
    items = (1, 2) if kind == "dit" else ("a cat", "a dog")

    def sample() -> np.ndarray:
        images = run_pipeline(loaded, KINDS[kind], items, steps=2, seed=5, size=16)
        assert images.shape == ((2, 3, 16, 16, 3) if kind == "latte" else (2, 16, 16, 3))
        assert np.isfinite(images).all()
        return images

    original = loaded.transformer
    want = sample()
    packed = load_packed(tmp_path / "weights.safetensors")
    assert packed.plan == plan
    loaded.transformer = quantize_model(original, plan)
    planned = sample()
    assert not np.array_equal(planned, want)

    # Rounded to nearest, packed weights alone give the same samples where there is one plan; rounded for
    # their error, others.
    for linear in plan.plans[0].linears if isinstance(plan, TimestepPlan) else plan.linears:
        original.get_submodule(linear).weight.data.zero_()
    restore(original, packed)
    loaded.transformer = quantize_model(original, packed.plan)
    if kind != "pixart":
        assert np.array_equal(sample(), planned) == (kind == "sd3")


@pytest.mark.slow
def test_an_interrupted_calibration_goes_on(folder, tmp_path, capsys, monkeypatch):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert run(*arguments(folder, "dit"), "--output", whole) == 0
    real, seen = calibration_job.run_pipeline, []

    def interrupted(pipeline, kind, items, **options):
        seen.append(items)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return real(pipeline, kind, items, **options)

    monkeypatch.setattr(calibration_job, "run_pipeline", interrupted)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        main(["calibrate", *map(str, arguments(folder, "dit")), "--output", str(parts)])
    assert not (parts / "plan.json").exists()
    assert run(*arguments(folder, "dit"), "--output", parts) == 0
    # Weights are rounded for passes of all images: those before the interruption are sampled once more.
    assert seen == [(1,), (2,), (2,), (1,)]
    capsys.readouterr()
    ours, theirs = (load_plan(path / "plan.json") for path in (parts, whole))
    assert ours.mx9_linear == theirs.mx9_linear
    assert ours.linears.keys() == theirs.linears.keys()

    other = [*arguments(folder, "dit"), "--output", parts, "--seed", 1]
    assert run(*other) == 1
    assert "is of another calibration: choose another --output, or --restart" in capsys.readouterr().err
    assert run(*other, "--restart") == 0

    (parts / "rounded.safetensors").write_bytes(b"no such thing")
    assert run(*other) == 1
    assert "is not a file of linear layers" in (said := capsys.readouterr().err)
    assert "--restart replaces it" in said
    assert run(*other, "--restart") == 0


@pytest.mark.slow
def test_more_images_give_a_plan_of_their_own(folder, tmp_path, capsys):
    """Tables are for people; bfloat16 models are calibrated as they are."""
    assert run(*arguments(folder, "dit"), "--output", tmp_path, "--dtype", "bfloat16") == 0
    printed = capsys.readouterr().out
    assert "transformer_blocks.*.attn1.to_q" in printed
    assert str(tmp_path / "weights.safetensors") in printed
    assert "rounded to nearest" not in printed


@pytest.mark.slow
def test_ranges_of_timesteps_do_not_round_to_nearest_in_silence(folder, tmp_path, capsys):
    """Who has asked for it is not told."""
    asked = [*arguments(folder, "dit"), "--output", tmp_path, "--timestep-groups", 2]
    line = "weights are rounded to nearest: ranges of timesteps share them (--rounding)\n"
    assert run(*asked) == 0
    assert capsys.readouterr().out.endswith(line)
    assert run(*asked, "--rounding", "nearest") == 0
    assert line not in capsys.readouterr().out


@pytest.mark.slow
def test_a_limit_in_cycles(folder, tmp_path, capsys, monkeypatch):
    """Of another engine than the usual one; the same plan is not made by passes."""
    cost = EntryPoint("cycles", "perf.cycles.price:engine_price", costs.COSTS)
    monkeypatch.setattr(costs, "entry_points", lambda group: EntryPoints([cost]))
    asked = (
        *arguments(folder, "dit"),
        "--output",
        tmp_path,
        "--choice",
        "sensitivity",
        "--linear-share",
        0.5,
    )
    asked += ("--latency", 1.1, "--json")
    assert run(*asked, "--cost", "cycles", "--set", "rows=4", "--set", "cols=4") == 0
    figures = json.loads(capsys.readouterr().out)
    statistics, _ = load_statistics(tmp_path / "statistics.safetensors")
    plan, price = load_plan(tmp_path / "plan.json"), engine_price({"rows": 4, "cols": 4})
    assert figures["latency"] == Latency(statistics, price).relative(plan) <= 1.1 + 1e-9
    assert figures["latency"] != Latency(statistics).relative(plan)
    assert run(*asked) == 0
    assert load_plan(tmp_path / "plan.json") != plan


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        (["--pipeline", "sdxl"], 2, "--pipeline must be one of dit, pixart, sd3, latte, not 'sdxl'"),
        (["--low", "MX5"], 2, "--low must be one of MX4, MX6, MX9, MXINT8, not 'MX5'"),
        (["--low", "MXINT8"], 2, "low must be one of MX4, MX6, MX9, not MXINT8"),
        (["--choice", "best"], 2, "--choice must be one of magnitude, sensitivity, random, not 'best'"),
        (["--heads", "q"], 2, "--heads must be one of whole, operands, not 'q'"),
        (["--heads", "operands"], 2, "operands of heads are chosen by sensitivity or at random, not by"),
        (["--latency", "0.9"], 2, "--latency must be a number of at least 1, not '0.9'"),
        (["--rounding", "up"], 2, "--rounding must be one of compensated, nearest, not 'up'"),
        (
            ["--rounding", "compensated", "--timestep-groups", "2"],
            2,
            "rounding must be nearest with several timestep_groups, which share their weights, not",
        ),
        (["--latency", "1.1"], 2, "latency takes the choice by sensitivity, and a cover of 1"),
        (["--labels", "1,x"], 2, "--labels must be integers with commas between them, not '1,x'"),
        (["--prompts", "x"], 2, "--prompts is for pixart, sd3 and latte: dit takes --labels"),
        (["--dtype", "int8"], 2, "--dtype must be one of float32, bfloat16, float16, not 'int8'"),
        (["--device", "tpu"], 2, "--device must be one of cpu, cuda, auto, not 'tpu'"),
        (["--linear-share", "2"], 2, "--linear-share must be a number from 0 to 1, not '2'"),
        (
            ["--pipeline", "sd3", "--labels", "1"],
            2,
            "--labels is for dit: pixart, sd3 and latte take --prompts",
        ),
        (["--pipeline", "sd3"], 2, "--prompts FILE is needed: a text file with a prompt per line"),
        (["--pipeline", "sd3", "--prompts", "/none"], 2, "--prompts must be a text file, not '/none'"),
        (["--model", "/none"], 1, "cannot load '/none' as DiTPipeline: "),
        (["--model", "nobody/nothing"], 1, "cannot load 'nobody/nothing' as DiTPipeline"),
    ],
)
def test_errors_take_one_line(changes, status, message, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    defaults = ["--model", "/none", "--pipeline", "dit", "--output", tmp_path]
    assert run(*defaults, *changes) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a GPU")
def test_no_gpu_is_said(tmp_path, capsys):
    assert run("--model", "x", "--pipeline", "dit", "--device", "cuda", "--output", tmp_path) == 2
    assert "this machine has no usable NVIDIA GPU" in capsys.readouterr().err


@pytest.mark.slow
def test_wrong_models_and_labels_take_one_line(folder, tmp_path, capsys):
    """A pipeline of another kind, a label that the model does not have, and too little memory."""
    sd3 = ["--model", folder / "sd3", "--pipeline", "dit", "--output", tmp_path]
    assert run(*sd3) == 1
    assert "has a SD3Transformer2DModel where DiTPipeline has a DiT" in capsys.readouterr().err
    assert run("--model", folder / "dit", "--pipeline", "dit", "--labels", 1000, "--output", tmp_path) == 1
    assert "labels must be 0 to 999, the model's classes, not 1000" in capsys.readouterr().err


@pytest.mark.slow
def test_too_little_memory_is_said(folder, tmp_path, capsys, monkeypatch):
    def out_of_memory(*args, **kwargs):
        raise torch.OutOfMemoryError("no")

    monkeypatch.setattr(calibration_job, "run_pipeline", out_of_memory)
    assert run(*arguments(folder, "dit"), "--output", tmp_path) == 1
    assert "not enough memory on cpu: try --dtype bfloat16, or a smaller --size" in capsys.readouterr().err
