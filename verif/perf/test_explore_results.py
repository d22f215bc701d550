"""The file of an exploration's results."""

import contextlib
import random
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perf.explore.columns import SCHEMA
from perf.explore.results import ExploreError, Results
from verif.perf import explore_calls
from verif.perf.explore_points import point


def fill(results, points) -> None:
    for each in points:
        if results.found(each.cycles) is None:
            results.keep(
                each.cycles, explore_calls.count_cycles("s", each.workload, each.mix, each.cycles.engine)
            )
        if results.found(each.synthesis) is None:
            results.keep(
                each.synthesis, explore_calls.synthesize("s", each.design, each.family, each.seeds, "")
            )


POINTS = [
    point(name, mix, rows=rows)
    for name in ("32x32x32", "64x32x32", "13x13x13")
    for mix in ("MX6", "MX9")
    for rows in (2, 4)
]


def test_the_file_is_the_same_in_whatever_order_results_come(tmp_path):
    with Results(tmp_path / "a" / "e.parquet") as results:
        results.add(POINTS)
        fill(results, POINTS)
    shuffled = random.Random(1).sample(POINTS, len(POINTS))
    for part in (shuffled[:5], shuffled[5:6], shuffled):  # three runs
        with Results(tmp_path / "b" / "e.parquet") as results:
            results.add(part)
            fill(results, part)
            results.write()
    assert (tmp_path / "a/e.parquet").read_bytes() == (tmp_path / "b/e.parquet").read_bytes()
    table = pq.read_table(tmp_path / "a/e.parquet")
    assert table.schema.equals(SCHEMA)
    assert table.num_rows == len(POINTS)
    refused = [row for row in table.to_pylist() if row["workload"] == "13x13x13"]
    assert {row["refused"] for row in refused} == {"the engine has no luck"}
    assert all(row["cycles"] is None and row["lut"] for row in refused)


def test_what_is_in_the_file_is_known(tmp_path):
    path = tmp_path / "e.parquet"
    with Results(path) as results:
        results.add(POINTS)
        fill(results, POINTS[:4])
        assert len(results) == 4 + 2
    assert pq.read_table(path).num_rows == len(POINTS)  # their sizes are known
    with Results(path) as results:
        assert len(results) == 6
        other = point("640x32x32")
        results.add([other])
        assert results.found(other.synthesis) is not None
        assert results.found(other.cycles) is None
        assert results.row(other)["lut"] == 1000 + 300 * 4
        assert results.row(POINTS[0])["cycles"] == 32**3 // 4 + 100
    assert pq.read_table(path).num_rows == len(POINTS) + 1


def test_results_are_written_now_and_then_and_in_the_end(tmp_path, monkeypatch):
    path, now = tmp_path / "e.parquet", [0.0]
    monkeypatch.setattr("perf.explore.results.monotonic", lambda: now[0])
    with contextlib.suppress(KeyboardInterrupt), Results(path) as results:
        results.add(POINTS)
        fill(results, POINTS[:1])
        results.write_if_due()
        assert not path.exists()
        now[0] = 2.5
        results.write_if_due()
        assert path.exists()
        before = path.stat().st_mtime_ns
        results.write()
        assert path.stat().st_mtime_ns == before  # nothing is new
        fill(results, POINTS[1:])
        raise KeyboardInterrupt
    assert all(row["lut"] for row in pq.read_table(path).to_pylist())


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "e.parquet"
    with Results(path) as results:
        results.add(POINTS)
        fill(results, POINTS[:2])
    before = path.read_bytes()
    usual = pq.write_table

    def half(table, where, **options):
        usual(table, where, **options)
        where.write_bytes(where.read_bytes()[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", half)
    with Results(path) as results:
        results.add(POINTS)
        fill(results, POINTS)
        with pytest.raises(OSError, match="No space left"):
            results.write()
        results._changed = False  # or the end would try again
    assert path.read_bytes() == before
    monkeypatch.setattr(pq, "write_table", usual)
    with Results(path):
        pass
    assert [each.name for each in tmp_path.iterdir()] == ["e.parquet"]


def test_files_that_are_no_results(tmp_path):
    path = tmp_path / "e.parquet"
    pq.write_table(pa.table({"a": [1] * 100}), path)
    whole = path.read_bytes()
    for content in (b"text", b"", whole[:-4], whole[:4] + bytes(40) + whole[44:], whole[-100:]):
        path.write_bytes(content)
        with pytest.raises(ExploreError, match=r"e\.parquet is not a Parquet file"), Results(path):
            pass
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(ExploreError, match="is not of an exploration by this version"), Results(path):
        pass
    path.unlink()
    path.mkdir()
    with pytest.raises(IsADirectoryError), Results(path):
        pass


def test_a_file_is_of_one_exploration_at_a_time(tmp_path):
    path = tmp_path / "e.parquet"
    with Results(path):
        with pytest.raises(ExploreError, match=r"e\.parquet is in use by another exploration"), Results(path):
            pass
        code = "import pathlib, sys; from perf.explore.results import Results\n"
        code += "Results(pathlib.Path(sys.argv[1])).__enter__()"
        command = [sys.executable, "-c", code, str(path)]
        other = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "is in use by another exploration" in other.stderr
    with Results(path):
        pass
