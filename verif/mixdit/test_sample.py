"""``mixdit sample``, also on the simulated array."""

import json

import pytest
import torch
import typer
from torch import nn
from typer.testing import CliRunner

from golden import MX9
from mixdit.demo.sample import command
from mixdit.demo.sample_backend import ArrayProduct
from mixdit.demo.sample_plan import whole_blocks
from mixdit.digits.checkpoint import load_model
from mixdit.digits.diffusion import balanced_labels, initial_noise, trajectory
from mixdit.rivals.calibration import Calibration
from mixdit.tensors.matmul import matmul
from mixdit.tensors.quantize import mixed_formats, quantize


def invoke(*arguments: str):
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, arguments)


@pytest.mark.slow
def test_exact_mode_is_close_to_fast_mode(tmp_path):
    picture = tmp_path / "new" / "picture.png"
    result = invoke("--backend", "exact", "--label", "7", "--steps", "2", "--output", str(picture), "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["labels"] == [7]
    assert list(figures["psnr_db"]) == ["MX6", "mixed", "mixed, exact"]
    assert figures["psnr_db"]["mixed, exact"] > 25
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.engine
def test_array_denoises_with_the_bits_of_exact_mode(tmp_path):
    result = invoke("--backend", "rtl", "--steps", "1", "--output", str(tmp_path / "p.png"), "--json")
    assert result.exit_code == 0, result.output
    rtl = json.loads(result.stdout)["rtl"]
    # Five linear layers and two products of four heads in each of four blocks.
    assert rtl["products"] == 4 * (5 + 2 * 4)
    assert rtl["outputs"] == 4 * (16 * (3 + 1 + 4 + 1) * 128 + 6 * 128 + 4 * (16 * 16 + 16 * 32))
    assert (rtl["mismatches"], rtl["differing_pixels"]) == (0, 0)


@pytest.mark.engine
def test_array_denoises_with_operands_and_weights_of_their_own(tmp_path):
    """Of a plan with formats of q, k, p and v apart, and weights rounded for their error."""
    runs = []
    for rounding in ("nearest", "compensated"):
        result = invoke(
            *("--backend", "rtl", "--steps", "1", "--heads", "operands", "--rounding", rounding),
            *("--output", str(tmp_path / "p.png"), "--json"),
        )
        assert result.exit_code == 0, result.output
        figures = json.loads(result.stdout)
        assert figures["rtl"]["products"] == 4 * (5 + 2 * 4)
        assert (figures["rtl"]["mismatches"], figures["rtl"]["differing_pixels"]) == (0, 0)
        runs.append(figures)
    nearest, compensated = runs
    assert compensated["rtl"]["cycles"] == nearest["rtl"]["cycles"]
    assert compensated["psnr_db"]["mixed, exact"] > nearest["psnr_db"]["mixed, exact"] + 0.5


@pytest.mark.slow
def test_plans_of_operands_give_those_of_a_head_formats_apart():
    model = load_model("digits-16")
    noise, labels = initial_noise(2, 1), balanced_labels(2)
    calibration = Calibration(model, trajectory(model, noise, labels, 2).batches)
    whole, apart = (whole_blocks(calibration, heads) for heads in ("whole", "operands"))
    assert all(head.alike for each in whole.attentions.values() for head in each.heads)
    assert any(not head.alike for each in apart.attentions.values() for head in each.heads)
    linears = {n for n, layer in model.blocks.named_modules(prefix="blocks") if isinstance(layer, nn.Linear)}
    assert set(whole.linears) == set(apart.linears) == linears


@pytest.mark.slow
def test_backend_counts_mismatches(monkeypatch):
    torch.manual_seed(0)
    a = quantize(torch.randn(2, 3, 5, 40), mixed_formats(40, 1))
    b = quantize(torch.randn(2, 3, 9, 40), MX9)
    backend = ArrayProduct()
    assert torch.equal(backend(a, b), matmul(a, b))
    assert (backend.products, backend.outputs, backend.mismatches) == (6, 6 * 45, 0)
    monkeypatch.setattr("mixdit.demo.sample_backend.matmul", lambda *arguments: matmul(*arguments) + 1e-6)
    backend(a, b)
    assert backend.mismatches > 200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backend", "gpu"], "backend must be one of"),
        (["--variant", "MX5"], "variant must be one of"),
        (["--model", "nothing"], "model must be one of"),
        (["--label", "10"], "--label"),
    ],
)
def test_command_names_what_is_wrong(arguments, message, tmp_path):
    result = invoke(*arguments, "--output", str(tmp_path / "p.png"))
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
