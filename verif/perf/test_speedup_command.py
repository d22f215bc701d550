"""``mixdit speedup``: what it prints and writes, and what it refuses."""

import json
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from perf.speedup import comparison, published
from perf.speedup import document as speedup_document
from perf.speedup.mixes import MIXES
from perf.speedup.published import read
from perf.workloads import page
from verif.perf.cells import made_cell

NETWORK = ("--network", "dit-xl-2-256")
PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]


def run(*arguments: object):
    point = EntryPoint("speedup", PROJECT["entry-points"]["mixdit.commands"]["speedup"], "mixdit.commands")
    app = typer.Typer()
    app.command()(point.load())
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture
def made(monkeypatch):
    """Cells are made up instead of run; the names of builds of those that were."""
    ran = []

    def step_time(network, mix, build):
        ran.append(build)
        return made_cell(80_000).time

    monkeypatch.setattr(comparison, "step_time", step_time)
    monkeypatch.setattr(comparison, "floats_time", lambda *which: made_cell(80_000).floats)
    return ran


def test_published_cells_are_shown_at_once(made):
    result = run(*NETWORK, "--json")
    assert result.exit_code == 0, result.output
    assert made == []
    cells = {(cell["build"], cell["mix"]): cell for cell in json.loads(result.stdout)["cells"]}
    of_network = [cell for cell in read() if cell.network == "dit-xl-2-256"]
    assert len(cells) == len(of_network) == 16
    found = cells["4096", "MX6"]
    (cell,) = (c for c in of_network if (c.build, c.mix) == ("4096", "MX6"))
    assert found["counters"] == cell.time.counters
    assert sum(found["waterfall_cycles"].values()) == found["counters"]["CYCLES"]
    assert found["step_seconds"] == cell.time.seconds


def test_tables_and_a_page_for_people(tmp_path):
    result = run(*NETWORK, "--build", "4096", "--mix", "MX6", "--html", tmp_path / "new" / "page.html")
    assert result.exit_code == 0, result.output
    for words in ("4,096 elements", "7.21 (A)", "row jobs", "TensorRT FP16", "Outside the engine"):
        assert words in result.stdout
    written = (tmp_path / "new" / "page.html").read_text()
    assert "7.21 (A)" in written
    assert "<td>MX6</td>" in written
    assert "<td>mixed</td>" not in written


def test_a_changed_build_is_run(made):
    result = run(*NETWORK, "--build", "4096", "--mix", "MX6", "--set", "engines=4", "--json")
    assert result.exit_code == 0, result.output
    assert [build.engines for build in made] == [4]
    assert "dit-xl-2-256, 4096, MX6" in result.stderr
    assert json.loads(result.stdout)["cells"][0]["counters"]["CYCLES"] == 80_000


@pytest.mark.parametrize("builds", [(), ("4096", "8192", "4x4", "8x8")])
def test_fresh_runs_what_is_published(made, builds):
    chosen = [text for build in builds for text in ("--build", build)]
    result = run(*NETWORK, "--mix", "MX6", "--fresh", "--json", *chosen)
    assert result.exit_code == 0, result.output
    assert len(made) == 4


def test_publishing_keeps_what_was_not_asked_for(made, monkeypatch, tmp_path):
    counters, document = tmp_path / "counters.json", tmp_path / "performance.md"
    before = [made_cell(160_000), made_cell(160_000, mix="MX9")]
    published.write(before, counters)
    document.write_text("above\n<!-- engines -->\nold\n<!-- end of engines -->\nbelow\n")
    monkeypatch.setattr(published.read, "__defaults__", (counters,))
    monkeypatch.setattr(published.write, "__defaults__", (counters,))
    monkeypatch.setattr(page, "PAGE", document)
    monkeypatch.setattr(speedup_document, "PAGE", document)
    result = run(*NETWORK, "--mix", "MX9", "--fresh", "--publish", "--json")
    assert result.exit_code == 0, result.output
    assert [cell.time.counters["CYCLES"] for cell in published.read(counters)] == [160_000, 80_000]
    text = document.read_text()
    assert text.startswith("above\n<!-- engines -->\n### Engines")
    assert text.endswith("<!-- end of engines -->\nbelow\n")
    assert "| 4,096 elements | MX9 | 0.08 (A)" in text
    assert f"{made_cell(80_000).time.counters['CYCLES']:,}" in text
    assert {path.name for path in (tmp_path / "performance").iterdir()} == {
        f"{name}.svg" for name in ("roofline", f"speedup-{NETWORK[1]}", f"waterfall-{NETWORK[1]}")
    }


def test_a_run_that_fails_keeps_what_it_counted(made, monkeypatch, tmp_path):
    counters = tmp_path / "counters.json"
    published.write([], counters)
    monkeypatch.setattr(published.read, "__defaults__", (counters,))
    monkeypatch.setattr(published.write, "__defaults__", (counters,))
    one = comparison.step_time

    def fail_in_mx9(network, mix, build):
        if mix is MIXES["MX9"]:
            raise ValueError("it must take fewer cycles")
        return one(network, mix, build)

    monkeypatch.setattr(comparison, "step_time", fail_in_mx9)
    result = run(*NETWORK, "--build", "4096", "--publish")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "mixdit: it must take fewer cycles"
    assert [cell.mix for cell in published.read(counters)] == ["MX6", "mixed", "mixed-p"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("--network", "dit"), "--network must be one of dit-xl-2-256"),
        (("--build", "16x16"), "--build must be one of 4x4"),
        (("--mix", "MX4"), "--mix must be one of MX6"),
        (("--build", "4096", "--set", "rows"), "--set must be NAME=VALUE"),
        (("--build", "4096", "--set", "rows=two"), "not 'rows=two'"),
        (("--build", "4096", "--set", "cols=3"), "cols must be one of"),
        (("--set", "rows=8"), "--set needs the --build that it changes"),
        (("--build", "4096", "--set", "rows=8", "--publish"), "leave --set out"),
    ],
)
def test_wrong_calls_say_why(made, given, says):
    result = run(*given)
    assert result.exit_code == 2
    assert says in " ".join(result.stderr.replace("│", " ").split())
    assert made == []


def test_a_page_that_cannot_be_written_is_told_before_work(made, tmp_path):
    result = run(*NETWORK, "--build", "4096", "--set", "engines=2", "--html", tmp_path)
    assert isinstance(result.exception, IsADirectoryError)
    assert made == []
