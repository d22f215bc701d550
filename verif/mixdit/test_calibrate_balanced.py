"""``mixdit calibrate --balance``: from a pipeline to a model that needs nothing but its files."""

import json

import pytest
import torch
import typer
from diffusers import SD3Transformer2DModel
from typer.testing import CliRunner

from gen.cli import main
from mixdit.calibration import job as calibration_job
from mixdit.calibration.drawn_passes import ROUNDING_PASSES
from mixdit.calibration.passes import Passes
from mixdit.calibration.pipelines import KINDS, load_pipeline, run_pipeline
from mixdit.calibration.statistics_file import load_statistics
from mixdit.compiler import compile_command
from mixdit.layers.balanced import balanced_layers, with_balanced
from mixdit.layers.packed import load_packed, restore
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan_file import load_plan
from mixdit.plan.timestep_plan import TimestepPlan
from mixdit.rounding.balance import balance
from mixdit.rounding.layer_file import load_layers, save_layers
from verif.mixdit.called_models import outputs
from verif.mixdit.tiny_pipelines import CHANNELS, LATENT, pipeline, randomize, save_pipelines

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:diffusers"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

STEPS = 3
WEIGHTS, LAYERS = "weights.safetensors", "balanced.safetensors"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The pipelines on disk, and a file of prompts."""
    return save_pipelines(tmp_path_factory.mktemp("pipelines"))


def run(command: str, *arguments: object) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([command, *map(str, arguments)])
    return int(exit_.value.code or 0)


def arguments(folder, kind: str) -> list[object]:
    what = ["--labels", "1,2"] if kind == "dit" else ["--prompts", folder / "prompts.txt", "--size", 16]
    return ["--model", folder / kind, "--pipeline", kind, *what, "--steps", STEPS, "--balance"]


def passes_of(folder, kind: str):
    """The pipeline, and what its transformer is called with for both items."""
    loaded, found = load_pipeline(str(folder / kind), KINDS[kind]), []
    for number, item in enumerate((1, 2) if kind == "dit" else ("a cat", "a dog")):
        passes = Passes()
        with passes.watch(loaded.transformer):
            run_pipeline(loaded, KINDS[kind], [item], steps=STEPS, seed=number, size=16, output_type="latent")
        found += passes.draw(ROUNDING_PASSES // 2, number)
    return loaded, found


OPTIONS = {
    "dit": ["--preview"],
    "pixart": ["--choice", "sensitivity", "--heads", "operands"],
    "sd3": ["--linear-share", 0.1],
    "latte": ["--timestep-groups", 2],
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_files_are_of_the_balanced_model(kind, folder, tmp_path, capsys):
    """Packed weights give every bit of the balanced model, its layers alone the model's own function."""
    asked = [*arguments(folder, kind), *OPTIONS[kind], "--rounding", "nearest", "--output", tmp_path]
    assert run("calibrate", *asked, "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    plan = load_plan(tmp_path / "plan.json")
    assert isinstance(plan, TimestepPlan) is (kind == "latte")
    loaded, batches = passes_of(folder, kind)
    model = loaded.transformer
    balanced = balance(model, batches)
    assert plan.balanced == balanced_layers(balanced)
    assert figures["balanced_layers"] == len(plan.balanced) >= 4
    assert str(tmp_path / LAYERS) in figures["files"]
    assert (tmp_path / "preview.png").exists() is (kind == "dit")

    with pytest.raises(ValueError, match="this model's are not balanced"):
        quantize_model(model, plan)
    same = with_balanced(model, load_layers(tmp_path / LAYERS))
    want = outputs(model, batches)
    assert (outputs(same, batches) - want).abs().max() < 1e-4 * want.abs().max()
    assert torch.equal(outputs(same, batches), outputs(balanced, batches))
    if kind == "latte":
        return
    want = outputs(quantize_model(balanced, plan), batches)
    assert torch.equal(outputs(quantize_model(same, plan), batches), want)
    restore(model, load_packed(tmp_path / WEIGHTS))
    assert torch.equal(outputs(quantize_model(model, plan), batches), want)


@pytest.mark.slow
def test_rounded_and_compiled(folder, tmp_path, capsys):
    """Packed weights are all that a compiler needs; a plan alone is not enough, and it says so."""
    assert run("calibrate", *arguments(folder, "sd3"), "--output", tmp_path) == 0
    assert str(tmp_path / LAYERS) in capsys.readouterr().out
    app = typer.Typer()
    app.command()(compile_command.command)
    given = ["--model", str(folder / "sd3" / "transformer"), "--block", "0", "--context-tokens", "7"]
    packed = [*given, "--packed", str(tmp_path / WEIGHTS), "--output", str(tmp_path / "program")]
    done = CliRunner().invoke(app, packed)
    assert done.exit_code == 0, done.output
    assert run("compile", *given, "--plan", tmp_path / "plan.json", "--output", tmp_path / "other") == 2
    said = capsys.readouterr().err
    assert "the plan is of a model with balanced channels" in said
    assert "this model's are not balanced: load the packed weights" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "other").exists()


@pytest.mark.slow
def test_plans_of_a_search_say_it_too(folder, tmp_path, capsys):
    asked = [*arguments(folder, "dit"), "--choice", "sensitivity", "--rounding", "nearest"]
    assert run("calibrate", *asked, "--output", tmp_path) == 0
    assert run("search", tmp_path, "--points", 3, "--output", tmp_path / "front") == 0
    plans = [load_plan(path) for path in (tmp_path / "front").glob("plan-*.json")]
    balanced = load_plan(tmp_path / "plan.json").balanced
    assert len(plans) > 1
    assert all(plan.balanced == balanced != {} for plan in plans)
    model = with_balanced(pipeline("dit").transformer, load_layers(tmp_path / LAYERS))
    quantize_model(model, plans[0])
    capsys.readouterr()


@pytest.mark.slow
def test_an_interrupted_calibration_goes_on_with_its_channels(folder, tmp_path, capsys, monkeypatch):
    real, seen = calibration_job.run_pipeline, []

    def interrupted(pipeline, kind, items, **options):
        seen.append(items)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return real(pipeline, kind, items, **options)

    asked = [*arguments(folder, "dit"), "--rounding", "nearest", "--output", tmp_path]
    with monkeypatch.context() as patch:
        patch.setattr(calibration_job, "run_pipeline", interrupted)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            main(["calibrate", *map(str, asked)])
        before = (tmp_path / LAYERS).read_bytes()
        assert not (tmp_path / "plan.json").exists()

        # Neither with the model as it is, nor with channels that have changed meanwhile.
        capsys.readouterr()
        assert run("calibrate", *asked, "--no-balance") == 1
        assert "is of another calibration: choose another --output, or --restart" in capsys.readouterr().err
        layers = load_layers(tmp_path / LAYERS, None)
        first = next(iter(layers.values()))
        first.weight.data *= 2
        save_layers(layers, tmp_path / LAYERS, notes_of(tmp_path))
        assert run("calibrate", *asked) == 1
        said = capsys.readouterr().err
        assert said.endswith("is of channels balanced otherwise: --restart replaces it\n")
        assert said.count("\n") == 1
        (tmp_path / LAYERS).write_bytes(b"no such thing")
        assert run("calibrate", *asked) == 1
        assert "is not a file of linear layers" in (said := capsys.readouterr().err)
        assert "--restart replaces it" in said

        (tmp_path / LAYERS).write_bytes(before)
        assert run("calibrate", *asked) == 0
    # Two images to balance, one watched; then the one that was left, and nothing for balancing again.
    assert seen == [(1,), (2,), (1,), (2,), (2,)]
    assert (tmp_path / LAYERS).read_bytes() == before
    assert load_plan(tmp_path / "plan.json").balanced
    assert run("calibrate", *asked, "--no-balance", "--restart") == 0
    assert not load_plan(tmp_path / "plan.json").balanced


def notes_of(folder):
    """What a job writes beside its statistics."""
    _, notes = load_statistics(folder / "statistics.safetensors")
    return notes["job"]


def test_a_model_that_absorbs_nothing_takes_one_line(folder, tmp_path, capsys, monkeypatch):
    """Before an image is sampled: blocks with a second attention have a norm that is read twice."""
    transformer = SD3Transformer2DModel(
        sample_size=LATENT, patch_size=2, in_channels=CHANNELS, num_layers=2, attention_head_dim=16,
        num_attention_heads=4, joint_attention_dim=32, caption_projection_dim=64,
        pooled_projection_dim=32, out_channels=CHANNELS, pos_embed_max_size=LATENT,
        dual_attention_layers=(0, 1), qk_norm="rms_norm",
    )  # fmt: skip
    randomize(transformer)
    whole = pipeline("sd3")
    whole.register_modules(transformer=transformer)
    whole.save_pretrained(tmp_path / "sd3")
    monkeypatch.setattr(calibration_job, "run_pipeline", lambda *args, **options: 1 / 0)
    asked = arguments(folder, "sd3")
    asked[1] = tmp_path / "sd3"
    capsys.readouterr()
    assert run("calibrate", *asked, "--output", tmp_path / "out") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "mixdit: channels cannot be balanced: a SD3Transformer2DModel has no block whose norms or values can "
        "absorb a scale\n"
    )
