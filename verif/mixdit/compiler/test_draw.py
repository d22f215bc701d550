"""``mixdit draw``: a digit whose transformer blocks are a program in every step."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import typer
from torch import nn
from typer.testing import CliRunner

from golden import MX6, MX9
from golden.engine import REGISTERS, EngineParameters
from mixdit.compiler import draw_command
from mixdit.compiler.counted_port import CountedPort
from mixdit.compiler.digits_program import digits_program
from mixdit.compiler.program_blocks import with_program
from mixdit.compiler.stepwise_run import StepwiseRun
from mixdit.digits.checkpoint import load_model
from mixdit.digits.diffusion import initial_noise, sample
from mixdit.driver import ModelPort
from mixdit.layers.attention import ScaledDotProductAttention
from mixdit.layers.hardware_functions import with_hardware_functions
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.quality.similarity import psnr

PAGE = Path(__file__).resolve().parents[3] / "docs" / "compile.md"
PARAMETERS = EngineParameters(rows=4, cols=8, reorder_columns=128, function_lanes=4)
STEPS = 2


class WrongEngine(ModelPort):
    """An engine with a wrong bit in the last byte of all that is read: of the last token, and of memory."""

    def __init__(self, parameters, *, size, origin):
        super().__init__(parameters, size, origin)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def read_memory(self, address, size):
        result = super().read_memory(address, size).copy()
        result[-1] ^= 1
        return result


def invoke(*arguments):
    app = typer.Typer()
    app.command()(draw_command.command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def whole_plan(model):
    linears, attentions = {}, {}
    for name, module in model.blocks.named_modules(prefix="blocks"):
        if isinstance(module, nn.Linear):
            linears[name] = LinearPlan(in_features=module.in_features, weight=MX6, high=MX9, low=MX9)
        elif isinstance(module, ScaledDotProductAttention):
            attentions[name] = AttentionPlan(heads=(MX9,) * model.shape.heads)
    return Plan(linears=linears, attentions=attentions)


def test_images_are_those_of_the_layers_that_compute_as_the_hardware():
    model = load_model("digits-16")
    plan = whole_plan(model)
    program = digits_program(model, range(4), plan=plan, weight=MX6, activation=MX9, parameters=PARAMETERS)
    noise, labels = initial_noise(1, 0), torch.tensor([8])
    runs = [StepwiseRun(program) for _ in range(2)]
    images = [sample(with_program(model, run), noise, labels, STEPS) for run in runs]
    assert torch.equal(*images)
    assert [(step.doorbells, step.jobs) for step in runs[0].steps] == [(1, len(program.jobs))] * STEPS
    exact = sample(model, noise, labels, STEPS)
    layers = sample(with_hardware_functions(quantize_model(model, plan, "exact")), noise, labels, STEPS)
    assert psnr(images[0], layers) > 50
    assert psnr(images[0], exact) > psnr(layers, exact) - 1


def test_the_model_keeps_its_blocks():
    model = load_model("digits-16")
    drawing = with_program(model, lambda tokens, condition: tokens)
    assert (len(model.blocks), len(drawing.blocks)) == (4, 1)
    assert drawing.final.weight is model.final.weight
    tokens, condition = torch.randn(2, 16, 128), torch.randn(2, 128)
    assert torch.equal(drawing.blocks[0](tokens, condition), tokens)


def test_from_noise_to_a_picture(tmp_path):
    picture = tmp_path / "new" / "digit.png"
    result = invoke("--steps", STEPS, "--label", 7, "--output", picture, "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert (figures["label"], figures["engine"]) == (7, "model")
    assert figures["psnr_db"] > 30
    assert [(step["doorbells"], step["jobs"]) for step in figures["steps"]] == [(1, 101)] * STEPS
    assert picture.read_bytes().startswith(b"\x89PNG")
    shown = invoke("--steps", STEPS, "--label", 7, "--output", picture)
    assert f"{figures['psnr_db']:.1f} dB" in shown.stdout
    assert "embeddings and final layer" in shown.stdout


def test_every_doorbell_counts():
    written = []
    behind = SimpleNamespace(memory=range(64), write32=lambda offset, value: written.append((offset, value)))
    port = CountedPort(behind)
    for n, name in enumerate(REGISTERS):
        port.write32(REGISTERS[name].offset, n)
    assert written == [(register.offset, n) for n, register in enumerate(REGISTERS.values())]
    assert (port.memory, port.doorbells) == (range(64), 2)


def test_a_wrong_byte_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(draw_command, "EngineHarness", WrongEngine)
    picture = tmp_path / "digit.png"
    result = invoke("--steps", STEPS, "--engine", "rtl", "--output", picture, "--json")
    assert result.exit_code == 1
    assert "the hardware and golden disagree" in result.stderr
    figures = json.loads(result.stdout)
    assert [step["mismatches"] for step in figures["steps"]] == [1] * STEPS
    right = json.loads(invoke("--steps", STEPS, "--output", picture, "--json").stdout)
    assert figures["psnr_db"] != right["psnr_db"], "the picture must be that of the hardware"


@pytest.mark.engine
def test_the_hardware_draws_with_every_byte_of_golden(tmp_path):
    picture = tmp_path / "digit.png"
    model, rtl = (
        json.loads(invoke("--steps", STEPS, "--engine", engine, "--output", picture, "--json").stdout)
        for engine in ("model", "rtl")
    )
    assert rtl["psnr_db"] == model["psnr_db"]
    for step in rtl["steps"]:
        assert (step["doorbells"], step["jobs"], step["mismatches"]) == (1, 101, 0)
        assert 0 < step["busy"] < step["cycles"]


@pytest.mark.engine
def test_the_page_shows_what_the_hardware_draws(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    result = invoke("--engine", "rtl", "--output", tmp_path / "digit.png")
    assert result.exit_code == 0, result.output
    shown = next(part for part in PAGE.read_text().split("```") if "a 3 on a 4x8 engine" in part)
    printed, shown = (
        [line.rstrip() for line in text.strip("\n").splitlines() if not line.startswith("picture")]
        for text in (result.stdout, shown)
    )
    assert printed == shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--model", "digits-17"), "model must be one of"),
        (("--cols", 3), "cols must be"),
        (("--label", 10), "--label"),
        (("--steps", 0), "--steps"),
        (("--engine", "board"), "--engine"),
        (("--weight", "MX5"), "--weight"),
        (("--output", "digit.jpg"), "output must end in .png, not 'digit.jpg'"),
    ],
)
def test_what_cannot_be_drawn(tmp_path, arguments, message):
    result = invoke("--output", tmp_path / "none" / "digit.png", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())
    assert not (tmp_path / "none").exists()
