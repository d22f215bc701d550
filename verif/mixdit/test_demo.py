"""``mixdit demo``: what it prints is what the README shows."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from golden import matmul
from mixdit.demo import command as demo
from mixdit.demo.digits import load_digits
from mixdit.demo.figures import EngineFigures
from mixdit.demo.linear import float64_linear
from mixdit.demo.network import load_network
from mixdit.demo.train import SEED, train
from mixdit.demo.weights import read_weights, write_weights
from mixdit.sim.build_cache import build_root

README = Path(__file__).parents[2] / "README.md"


def invoke(*arguments: str):
    app = typer.Typer()
    app.command()(demo.command)
    return CliRunner().invoke(app, arguments)


def text(lines: str) -> list[str]:
    """Lines without what nobody sees: blanks at their ends."""
    return [line.rstrip() for line in lines.strip("\n").splitlines()]


def shown_in_readme() -> tuple[str, str]:
    """The demo's output in the README, and what is said about it below."""
    blocks = README.read_text().split("```")
    index = next(i for i, block in enumerate(blocks) if "held-out digits on a" in block)
    return blocks[index], blocks[index + 1]


@pytest.mark.engine
def test_readme_shows_what_the_demo_prints(tmp_path, monkeypatch):
    monkeypatch.setenv("MIXDIT_SIM_BUILD", str(build_root()))  # not below the new folder
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    result = invoke()
    assert result.exit_code == 0, result.output
    assert text(shown_in_readme()[0]) == text(result.stdout)
    assert (tmp_path / "build/demo/digits.png").read_bytes().startswith(b"\x89PNG")


def test_readme_tells_figures_of_its_table():
    output, words = shown_in_readme()
    told = re.findall(r"\d+\.\d+%", words)
    assert len(told) >= 5
    assert set(told) <= set(re.findall(r"\d+\.\d+%", output))


ENGINE = EngineFigures(
    plan="MX6",
    snr_db=28.7,
    mismatches=0,
    outputs=1,
    cycles=4,
    passes=3,
    utilization=0.75,
    bytes_read=2,
    bytes_written=1,
)


class FlippedBit:
    """An array whose first output has one wrong bit."""

    k_blocks = 72

    def matmul(self, a, b, progress):
        progress(1, 1)
        values = matmul(a, b, k_blocks=self.k_blocks)
        values.view(np.uint32)[0, 0] ^= 1
        run = SimpleNamespace(cycles=20, passes=15, pass_cycles=16)
        return SimpleNamespace(values=values, run=run)


def test_demo_fails_on_a_wrong_bit(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "simulated_array", lambda rows, cols: FlippedBit())
    monkeypatch.setattr(demo, "_run_engine", lambda seed, show: [ENGINE])
    result = invoke("--json", "--output", str(tmp_path), "--rows", "3", "--seed", "4")
    assert result.exit_code == 1
    assert "the hardware and golden disagree" in result.stderr
    figures = json.loads(result.stdout)
    assert (figures["rows"], figures["cols"], figures["seed"]) == (3, 8, 4)
    assert figures["float64_accuracy"] == pytest.approx(0.944, abs=0.001)
    assert figures["engine"] == [asdict(ENGINE)]
    array = figures["array"]
    assert [f["plan"] for f in array] == ["MX4", "MX4 + MX9", "MX6", "MX6 + MX9", "MX9"]
    for f in array:
        assert (f["mismatches"], f["outputs"]) == (3, 898 * (128 + 64 + 10))
        assert (f["cycles"], f["passes"], f["utilization"]) == (60, 45, 45 / 48)
    assert [f["bits"] for f in array][::2] == [4, 6, 9]
    snr = [f["snr_db"] for f in array]
    assert snr == sorted(snr)


def test_demo_names_what_it_cannot_run():
    result = invoke("--rows", "65")
    assert result.exit_code == 2


def test_features_are_exact():
    digits, _ = load_digits()
    scaled = digits.features * 2.0**28
    assert np.array_equal(scaled, np.rint(scaled))
    assert np.abs(scaled).max() < 2.0**53
    energy = np.square(digits.images / 16).sum(axis=(1, 2))
    assert np.allclose(np.square(digits.features).sum(axis=1), energy, rtol=1e-3)


def test_script_trains_a_network_like_the_one_shipped(tmp_path):
    known, held_out = load_digits()
    network = train(known, SEED)
    write_weights(tmp_path / "w", network.weights, {"seed": SEED})
    weights, recipe = read_weights(tmp_path / "w")
    assert recipe == {"seed": SEED}
    shipped = load_network()
    assert {n: w.shape for n, w in weights.items()} == {n: w.shape for n, w in shipped.weights.items()}
    for each in (load_network(tmp_path / "w"), shipped):
        guesses = each(held_out.features, float64_linear).argmax(axis=1)
        assert (guesses == held_out.labels).mean() > 0.93
