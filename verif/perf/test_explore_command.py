"""``mixdit explore``: what it computes, prints and writes, with made-up cycles and sizes."""

import csv
import json
import os

import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from mixdit.tasks.executor import Here
from perf.explore import command, work
from verif.perf import explore_calls

APP = typer.Typer(pretty_exceptions_enable=False)
APP.command()(command.command)


@pytest.fixture
def notes(tmp_path, monkeypatch):
    """The folder of notes of what is done: here, as other processes take long to begin."""
    folder = tmp_path / "notes"
    folder.mkdir()
    monkeypatch.setenv(explore_calls.NOTES, str(folder))
    monkeypatch.setattr(work, "count_cycles", explore_calls.count_cycles)
    monkeypatch.setattr(work, "synthesize", explore_calls.synthesize)
    monkeypatch.setattr(command, "executor_of", lambda jobs, scheduler: Here())
    return folder


GRID = ["--workload", "32x32x32", "--rows", "2,4", "--cols", "2,4"]


def run(tmp_path, *arguments):
    return CliRunner().invoke(APP, [*arguments, "--output", str(tmp_path / "out")])


def explore(tmp_path, *arguments) -> dict:
    result = run(tmp_path, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_points_come_with_all_that_follows(tmp_path, notes):
    found = explore(tmp_path, *GRID, "--clock", "50", "--luts", "6000")
    points = found["points"]
    assert [(p["rows"], p["cols"]) for p in points] == [(2, 2), (2, 4), (4, 2), (4, 4)]
    assert {(p["clock_mhz"], p["clock_status"]) for p in points} == {(50.0, "A")}
    assert points[0]["cycles"] == 32**3 // 4 + 100
    assert points[0]["seconds"] == points[0]["cycles"] / 50e6
    assert points[3]["lut"] == 1000 + 300 * 16
    (group,) = found["groups"].values()
    assert list(found["groups"]) == ["32x32x32, MX6, ecp5"]
    assert group["front"] == [0, 1, 2, 3]  # two are as large and as fast
    assert group["time"] == [3, 1, 2, 0]
    assert found["refused"] == []
    assert found["failed"] == {}
    with (tmp_path / "out/explore.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["lut"], row["on_front"]) for row in rows] == [(str(p["lut"]), "1") for p in points]
    assert (tmp_path / "out/pareto.png").read_bytes().startswith(b"\x89PNG")
    assert pq.read_table(tmp_path / "out/explore.parquet").num_rows == 4


def test_nothing_is_computed_twice(tmp_path, notes):
    explore(tmp_path, *GRID)
    assert len(explore_calls.notes(notes, "end")) == 8
    before = (tmp_path / "out/explore.parquet").read_bytes()
    explore(tmp_path, *GRID)
    assert len(explore_calls.notes(notes, "end")) == 8
    assert (tmp_path / "out/explore.parquet").read_bytes() == before
    explore(tmp_path, *GRID, "--mix", "MX6,MX9", "--drain-rows", "2")  # of 4 rows these are other designs
    assert len(explore_calls.notes(notes, "end")) == 8 + 2 + 4 + 2
    kinds = [note.partition("-")[0] for note in explore_calls.notes(notes, "end")]
    assert (kinds.count("cycles"), kinds.count("synthesis")) == (4 + 6, 4 + 2)
    assert len(set(explore_calls.notes(notes, "end"))) == len(kinds)


def test_targets_have_their_families_and_share_cycles(tmp_path, notes):
    found = explore(tmp_path, "--workload", "8x8x8", "--target", "ecp5,generic,xilinx", "--family", "gowin")
    assert {p["target"]: p["family"] for p in found["points"]} == {
        "ecp5": "ecp5",
        "generic": "gowin",
        "xilinx": "xilinx",
    }
    kinds = [note.partition("-")[0] for note in explore_calls.notes(notes, "end")]
    assert (kinds.count("cycles"), kinds.count("synthesis")) == (1, 3)
    assert len(found["groups"]) == 3


def test_placed_designs_have_their_own_clock(tmp_path, notes):
    (point,) = explore(tmp_path, "--workload", "8x8x8", "--place", "2", "--device", "LFE5U-85F")["points"]
    assert (point["clock_mhz"], point["clock_status"], point["seeds"]) == (80.5, "M", 2)


def test_sizes_can_wait(tmp_path, notes):
    found = explore(tmp_path, *GRID, "--no-synthesis")
    assert {p["lut"] for p in found["points"]} == {None}
    assert not (tmp_path / "out/pareto.png").exists()
    result = run(tmp_path, *GRID, "--no-synthesis")
    assert "best by time" in result.stdout
    assert "Pareto" not in result.stdout
    assert len(explore_calls.notes(notes, "end")) == 4
    explore(tmp_path, *GRID)
    assert len(explore_calls.notes(notes, "end")) == 8


def test_what_is_refused_or_fails_is_listed_and_the_others_are_not_lost(tmp_path, notes):
    workloads = ["--workload", "13x13x13,14x14x14,32x32x32", "--rows", "2", "--cols", "2,3"]
    result = run(tmp_path, *workloads)
    assert result.exit_code == 1
    assert "refused: rows 2, cols 3: cols must be one of (1, 2, 4, 8, 16), not 3\n" in result.stdout
    assert "refused: 13x13x13, MX6, rows 2, cols 2: the engine has no luck\n" in result.stdout
    assert "failed: cycles of 14x14x14, MX6, 1 of 2x2: not enough memory\n" in result.stdout
    assert "mixdit: 1 results could not be found" in result.stderr
    assert "32x32x32, MX6, ecp5: 1 designs, 1 within limits" in result.stdout
    assert run(tmp_path, *workloads).exit_code == 1
    ended = explore_calls.notes(notes, "end")
    assert len(ended) == 4 + 1  # what failed is tried again, what was refused is not
    assert len(set(ended)) == 4


def test_a_design_that_runs_no_workload_is_not_synthesized(tmp_path, notes):
    found = explore(tmp_path, "--workload", "13x13x13", "--rows", "2,4")
    assert [(r["workload"], r["rows"], r["reason"]) for r in found["refused"]] == [
        ("13x13x13", rows, "the engine has no luck") for rows in (2, 4)
    ]
    assert found["points"] == []
    assert [note.partition("-")[0] for note in explore_calls.notes(notes, "end")] == ["cycles"] * 2
    explore(tmp_path, "--workload", "13x13x13", "--rows", "2,4")
    assert len(explore_calls.notes(notes, "end")) == 2
    explore(tmp_path, "--workload", "13x13x13,8x8x8", "--rows", "2")
    assert len(explore_calls.notes(notes, "end")) == 2 + 2


def test_tables_are_for_people(tmp_path, notes):
    result = run(tmp_path, *GRID, "--luts", "5000")
    assert result.exit_code == 0
    for words in ("best by time", "best by LUTs", "best by speed per LUT", "Pareto front, LUTs and time"):
        assert words in result.stdout
    assert "32x32x32, MX6, ecp5: 4 designs, 3 within limits" in result.stdout
    assert "outside limits: 32x32x32, MX6, ecp5, 4x4: 5800 LUTs, of 5000\n" in result.stdout
    assert "100.0 (A)" in result.stdout
    lines = result.stderr.splitlines()
    assert [line.partition(" ")[0] for line in lines] == [f"{n}/8" for n in range(1, 9)]
    assert lines[-1].endswith(" left")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--rows", "2,x"], "--rows must be integers with commas between, not '2,x'"),
        (["--rows", ""], "--rows must be integers with commas between, not ''"),
        (["--target", "ecp5,fpga"], "--target must be some of generic, ecp5, "),
        (["--workload", "64x64"], "--workload must be one of dit-xl-2-256, "),
        (["--workload", "8x0x8"], "such as 256x1152x1152, not '8x0x8'"),
        (["--mix", "MX6,FP8"], "--mix must be one of MX6, mixed, mixed-p, MX9, not 'FP8'"),
        (["--family", "xc9"], "--family must be one of ecp5, "),
        (["--device", "XC7"], "--device must be one of LFE5U-25F, "),
        (["--cols", "3"], "no engine has such parameters: cols must be one of (1, 2, 4, 8, 16), not 3"),
    ],
)
def test_wrong_calls(tmp_path, notes, arguments, says):
    workload = [] if "--workload" in arguments else ["--workload", "8x8x8"]
    result = run(tmp_path, *workload, *arguments)
    assert result.exit_code == 2
    said = " ".join(result.stderr.replace("│", " ").split())
    assert says in said
    assert not (tmp_path / "out").exists()
    assert os.listdir(notes) == []
