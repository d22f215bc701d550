"""Coverage of lines, toggles and branches: what is counted, merged and reported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gen.markdown import section
from golden.engine import EngineParameters
from mixdit.sim.coverage import VARIABLE
from mixdit.sim.engine import EngineHarness
from verif.code_coverage import __main__ as command
from verif.code_coverage.merged import merge
from verif.code_coverage.points import read_points
from verif.code_coverage.python import read_branches
from verif.code_coverage.report import report
from verif.passthrough import Passthrough

ROOT = Path(__file__).resolve().parents[2]

HEAD = "# SystemC::Coverage-3\n"

VERILOG = """\
module top(a);
endmodule
module \\top.queue_3 (a, b);
  always @* begin
    if (\\$auto$verilog_backend.cc:1:dump_module$1 ) begin end
    if (a) b = 1;
  end
endmodule
"""


def point(kind, module, line, name, count):
    keys = {"f": "top.v", "l": line, "n": 3, "t": kind, "page": f"v_{kind}/{module}", "o": name}
    text = "".join(f"\x01{key}\x02{value}" for key, value in keys.items())
    return f"C '{text}' {count}\n"


def counts(folder, name, *points, verilog=VERILOG):
    (folder / f"{name}.dat").write_text(HEAD + "".join(points))
    (folder / f"{name}.v").write_text(verilog)


def test_points_of_a_file(tmp_path):
    counts(tmp_path, "one", point("toggle", "top.queue___05F3", 4, "__024106[0]:0->1", 7))
    (found,) = read_points(tmp_path / "one.dat")
    assert (found.module, found.name, found.signal, found.count) == (
        "top.queue__3",
        "$106[0]:0->1",
        "$106",
        7,
    )
    (tmp_path / "one.dat").write_text("something else")
    with pytest.raises(ValueError, match=r"one\.dat has no counts"):
        list(read_points(tmp_path / "one.dat"))


def test_merges_simulations_by_kind_of_module(tmp_path):
    queue = "top.queue_3"
    counts(
        tmp_path,
        "one",
        point("branch", queue, 5, "if", 0),  # does nothing
        point("branch", queue, 6, "if", 0),
        point("branch", queue, 6, "else", 1),
        point("toggle", queue, 3, "b[0]:0->1", 0),
        point("toggle", queue, 3, "b[0]:1->0", 2),
        point("toggle", queue, 3, "b[1]:0->1", 1),
        point("toggle", queue, 3, "$5:0->1", 0),
    )
    (found,) = merge(tmp_path).items()
    name, merged = found
    assert name == "queue"
    assert [*merged.lines.values()] == [False, True]
    assert merged.lines_not_run() == 1
    assert list(merged.still_signals()) == [("b", 1, 3)]
    # The same module in another design, at other lines; and one of another text.
    other = "module own(c);\nendmodule\n" + VERILOG.replace("top", "own").replace("queue_3", "queue_12")
    counts(tmp_path, "two", point("branch", "own.queue_12", 8, "if", 3), verilog=other)
    assert merge(tmp_path)["queue"].lines_not_run() == 0
    wider = VERILOG.replace("b = 1", "b = 2")
    counts(tmp_path, "three", point("toggle", queue, 3, "b[0]:0->1", 1), verilog=wider)
    counts(tmp_path, "zero", point("toggle", queue, 3, "b[0]:0->1", 0))  # seen stays seen
    merged = merge(tmp_path)["queue"]
    assert list(merged.still_signals()) == []


def test_counts_of_simulations(bench, tmp_path, monkeypatch):
    resets = []
    for test in ("one_beat_per_cycle", "reset_forgets"):
        data = tmp_path / test / "data"
        monkeypatch.setenv(VARIABLE, str(data))
        bench(
            Passthrough(), "passthrough", "verif.passthrough_bench", parameters={"beats": 9}, test_filter=test
        )
        assert merge(data)["passthrough"].toggles["clk:0->1"]
        (file,) = data.glob("*.dat")
        resets.append({point.count for point in read_points(file) if point.name == "rst:0->1"})
    assert resets == [{1}, {6}]


@pytest.mark.sweep
def test_counts_of_a_compiled_engine(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    harness = EngineHarness(EngineParameters(rows=2, cols=2), size=64)
    harness.read32(0)
    harness.close()
    assert merge(tmp_path)["mixdit_gemm"].toggles["s_axil_arvalid:0->1"]


def test_report(tmp_path):
    counts(
        tmp_path, "one", point("branch", "top.queue_3", 6, "if", 0), point("toggle", "top", 1, "a:0->1", 0)
    )
    summary = {"covered_branches": 3, "num_branches": 4}
    files = {
        "golden/dot.py": {"summary": summary, "missing_lines": [7, 9]},
        "golden/cell.py": {"summary": summary, "missing_lines": []},
        "perf/none.py": {"summary": summary, "missing_lines": [1]},
    }
    (tmp_path / "python.json").write_text(json.dumps({"files": files}))
    text = report(merge(tmp_path), read_branches(tmp_path / "python.json"))
    assert "| queue | 0 | 1 | 0.0% | 0 | 0 |  |" in text
    assert "| all | 0 | 1 | 0.0% | 0 | 1 | 0.0% |" in text
    assert "| golden | 6 | 8 | 75.0% |" in text
    _, _, unseen = text.partition("## Not seen")
    lines = ["- queue: 1 lines or branches", "- top: `a`, 1 of 1 edges", "- golden/dot.py: lines 7, 9"]
    assert unseen.split("\n")[2:-1] == lines


@pytest.mark.parametrize("published", [False, True])
def test_tables_are_published_if_asked(published, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    counts(tmp_path / "data", "one", point("toggle", "top", 1, "a[0]:0->1", 0))
    (tmp_path / "python.json").write_text('{"files": {}}')
    page = tmp_path / "coverage.md"
    page.write_text("<!-- coverage -->\nstale\n<!-- end of coverage -->\n")
    monkeypatch.setattr(command, "_PAGE", page)
    monkeypatch.setattr(sys, "argv", ["", str(tmp_path), *(["--publish"] if published else [])])
    command.main()
    text = section(page.read_text(), "coverage")
    assert ("| all | 0 | 0 |  | 0 | 1 | 0.0% |" in text) == published
    assert ("stale" in text) != published
    assert "Not seen" not in text


def test_a_folder_without_counts_is_an_error(tmp_path):
    command = [sys.executable, "-m", "verif.code_coverage", tmp_path]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, len(run.stderr.splitlines())) == (1, 1)
