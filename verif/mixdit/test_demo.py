"""``mixdit demo``, whole, on a small array."""

import json

import pytest
import typer
from typer.testing import CliRunner

from mixdit.demo.command import command


def invoke(*arguments: str):
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, arguments)


@pytest.mark.slow
def test_demo_agrees_with_golden(tmp_path):
    result = invoke("--rows", "4", "--cols", "4", "--output", str(tmp_path), "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    reference, *plans = figures["plans"]
    assert [plan["plan"] for plan in plans] == ["MX4", "MX6", "mixed", "MX9"]
    assert all(plan["mismatches"] == 0 and plan["outputs"] == 353_812 for plan in plans)
    assert all(plan["utilization"] > 0.97 for plan in plans)
    snr = [plan["snr_db"] for plan in plans]
    assert snr == sorted(snr)
    assert snr[2] > snr[1] + 1
    assert reference["accuracy"] > 0.96
    assert all(plan["accuracy"] > 0.96 for plan in plans[1:])
    layer = figures["layer"]
    assert [plan["plan"] for plan in layer] == ["MX6", "mixed", "MX9"]
    assert all(plan["mismatches"] == 0 and plan["outputs"] == 8 * 16 * 9 * 128 for plan in layer)
    shapes = ((384, 128), (128, 128), (512, 128), (128, 512))
    single = sum(8 * 16 // 8 * (n // 8) * (k // 16) for n, k in shapes)
    assert (layer[0]["passes"], layer[2]["passes"]) == (single, 4 * single)
    snr = [plan["snr_db"] for plan in layer]
    assert snr[0] + 1 < snr[1] < snr[2]
    assert (tmp_path / "digits.png").read_bytes().startswith(b"\x89PNG")


def test_demo_names_what_it_cannot_run():
    result = invoke("--rows", "65")
    assert result.exit_code == 2
