"""``mixdit compile`` and ``mixdit run``: from a checkpoint to tokens behind its blocks."""

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from golden import MX4, MX6, MX9
from mixdit.compiler import compile_command, run_command
from mixdit.compiler.example import EXAMPLE, load_example
from mixdit.compiler.program_file import IMAGE, load_program
from mixdit.digits.checkpoint import load_model
from mixdit.layers.packed import load_packed, save_packed
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.plan.plan_file import save_plan
from mixdit.plan.timestep_plan import TimestepPlan

PAGE = Path(__file__).resolve().parents[3] / "docs" / "compile.md"


def invoke(module, *arguments):
    app = typer.Typer()
    app.command()(module.command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def compiled(tmp_path, *arguments):
    result = invoke(compile_command, "--block", 1, "--json", *arguments, "--output", tmp_path)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def run(tmp_path):
    result = invoke(run_command, tmp_path, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_from_a_checkpoint_to_tokens(tmp_path):
    figures = compiled(tmp_path, "--samples", 2)
    program, example = load_program(tmp_path), load_example(tmp_path)
    assert (figures["blocks"], figures["jobs"]) == (1, len(program.jobs)) == (1, 44)
    assert figures["memory_bytes"] == len(program.memory) == (tmp_path / IMAGE).stat().st_size
    assert example.tokens.shape == (32, 128)
    tables = (tmp_path / "jobs.txt").read_text()
    assert all(job.name in tables for job in program.jobs)
    assert all(f"{matrix.address:#x}" in tables for matrix in program.matrices)
    found = run(tmp_path)
    assert found["jobs"] == 44
    ((model),) = found["engines"]
    assert model["snr_db"] > 27
    shown = invoke(run_command, tmp_path)
    assert f"{model['snr_db']:.1f} dB" in shown.stdout


def test_all_blocks_and_a_plan_by_timestep(tmp_path):
    def plan(fmt):
        linears = {"blocks.0.fc1": LinearPlan(in_features=128, weight=fmt, high_blocks=1)}
        return Plan(
            linears=linears, attentions={"blocks.0.attention.attend": AttentionPlan(heads=(fmt,) * 4)}
        )

    save_plan(TimestepPlan((500.0,), (plan(MX6), plan(MX9))), tmp_path / "plan.json")
    sizes, floors = [], []
    for timestep in (100, 600):
        folder = tmp_path / str(timestep)
        result = invoke(
            compile_command, "--plan", tmp_path / "plan.json", "--timestep", timestep, "-o", folder
        )
        assert result.exit_code == 0, result.output
        assert "jobs" in result.stdout
        sizes.append((folder / IMAGE).stat().st_size)
        floors.append(run(folder)["engines"][0]["snr_db"])
    assert sizes[0] < sizes[1]
    assert floors[0] < floors[1]
    assert floors[1] > 40


def test_packed_weights_are_the_programs_to_the_bit(tmp_path):
    model = load_model("digits-16")
    order = tuple(range(128))[::-1]
    linears = {
        "blocks.1.attention.qkv": LinearPlan(in_features=128, permutation=order, high_blocks=1),
        "blocks.1.fc2": LinearPlan(in_features=512, weight=MX4),
    }
    save_packed(model, Plan(linears=linears), tmp_path / "packed.safetensors")
    compiled(tmp_path / "program", "--packed", tmp_path / "packed.safetensors")
    packed, program = load_packed(tmp_path / "packed.safetensors"), load_program(tmp_path / "program")
    constants = {c.name: c.data for c in program.constants}
    qkv = packed.tensors["blocks.1.attention.qkv.weight"].numpy().reshape(3, -1)
    for n, name in enumerate("qk"):
        assert np.array_equal(constants[f"block 0: weight of attention, {name}, MX9"], qkv[n])
    fc2 = packed.tensors["blocks.1.fc2.weight"].numpy()
    assert np.array_equal(constants["block 0: weight of the perceptron's output"], fc2.reshape(-1))
    assert 15 < run(tmp_path / "program")["engines"][0]["snr_db"] < 30  # against the weights as they were


@pytest.mark.engine
def test_the_page_shows_what_the_hardware_gives(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert invoke(compile_command, "--output", tmp_path).exit_code == 0
    result = invoke(run_command, tmp_path, "--engine", "rtl")
    assert result.exit_code == 0, result.output
    shown = next(part for part in PAGE.read_text().split("```") if "jobs on an" in part)
    printed, shown = (
        [line.rstrip() for line in text.strip("\n").splitlines()] for text in (result.stdout, shown)
    )
    assert printed == shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--block", 4), "block must be 0 to 3, not 4"),
        (("--model", "digits-17"), "model must be one of"),
        (("--plan", "x", "--packed", "y"), "plan and packed must not be given both"),
        (("--data-bits", 77), "data_bits must be one of"),
        (("--function-lanes", 0), "the engine must have function_lanes"),
    ],
)
def test_what_cannot_be_compiled(tmp_path, arguments, message):
    result = invoke(compile_command, *arguments, "--output", tmp_path / "none")
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())
    assert not (tmp_path / "none").exists()


def test_a_folder_that_holds_no_program(tmp_path):
    compiled(tmp_path)
    (tmp_path / EXAMPLE).write_bytes(b"tokens")
    result = invoke(run_command, tmp_path)
    assert result.exit_code == 2
    assert "is not an example" in " ".join(result.output.replace("│", " ").split())
