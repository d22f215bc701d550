"""``mixdit explore`` in three processes, of this machine or a Dask cluster, some of which are killed.

The file is that of a run in peace, byte for byte.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import distributed
import pyarrow.parquet as pq
import pytest

from verif.perf import explore_calls

pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

ROOT = Path(__file__).resolve().parents[2]
# Shells have SIGINT ignored by what they run in the background, tests too.
CODE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from verif.perf.explore_calls import replace_work
replace_work()
from typer import Typer
from perf.explore.command import command
app = Typer()
app.command()(command)
app()
"""
GRID = ["--workload", "32x32x32,64x32x32", "--rows", "2,4", "--cols", "2,4", "--arrays", "1,2"]
TASKS = 8 * 2 + 8


@contextmanager
def running(output, *arguments: str):
    """The command in a process of its own, which is killed in the end."""
    command = [sys.executable, "-c", CODE, *GRID, "--output", str(output), *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(happened, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture(scope="module", autouse=True)
def notes(tmp_path_factory):
    """The folder of notes, in the environment of all processes that are started."""
    folder = tmp_path_factory.mktemp("notes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(explore_calls.NOTES, str(folder))
        patch.setenv(explore_calls.SECONDS, "0.5")  # of 24 by 3: longer than between two writes
        yield folder


@pytest.fixture(autouse=True)
def forgotten(notes):
    """No notes of an earlier test."""
    for path in notes.iterdir():
        path.unlink()


@pytest.fixture(scope="module")
def undisturbed(notes, tmp_path_factory):
    """The file of a run in one process that nothing happens to."""
    output = tmp_path_factory.mktemp("undisturbed")
    with running(output, "--jobs", "1") as process:
        assert process.wait(timeout=100) == 0
    found = (output / "explore.parquet").read_bytes()
    begun = Counter(explore_calls.notes(notes, "begin"))
    assert len(begun) == TASKS
    assert set(begun.values()) == {1}
    return found


@pytest.fixture(scope="module")
def cluster(notes):
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None, protocol="tcp"
    ) as cluster:
        yield cluster


def ended(notes) -> int:
    return len(explore_calls.notes(notes, "end"))


def results_in(path) -> int:
    """Results in a file of which each design has two workloads."""
    rows = pq.read_table(path).to_pylist()
    return sum(row["cycles"] is not None for row in rows) + sum(row["lut"] is not None for row in rows) // 2


def check_once_but(notes, most: int) -> None:
    """All tasks have ended; at most so many were begun once more."""
    begun = Counter(explore_calls.notes(notes, "begin"))
    assert set(explore_calls.notes(notes, "end")) == set(begun)
    assert len(begun) == TASKS
    assert sum(begun.values()) <= TASKS + most


def test_a_killed_process_costs_its_task_only(undisturbed, forgotten, notes, tmp_path):
    with running(tmp_path, "--jobs", "3") as process:
        wait_for(lambda: ended(notes) >= 6)
        os.kill(explore_calls.processes(notes)[-1], signal.SIGKILL)
        assert process.wait(timeout=100) == 0
    assert (tmp_path / "explore.parquet").read_bytes() == undisturbed
    check_once_but(notes, 1)
    assert len(set(explore_calls.processes(notes))) == 4


def test_a_killed_worker_of_a_cluster_costs_its_task_only(undisturbed, forgotten, notes, cluster, tmp_path):
    with running(tmp_path, "--scheduler", cluster.scheduler_address) as process:
        wait_for(lambda: ended(notes) >= 6)
        os.kill(explore_calls.processes(notes)[-1], signal.SIGKILL)
        assert process.wait(timeout=100) == 0
    assert (tmp_path / "explore.parquet").read_bytes() == undisturbed
    check_once_but(notes, 2)  # what a worker has in its queue is begun once
    assert len(set(explore_calls.processes(notes))) >= 3


@pytest.mark.parametrize("where", ["cluster", "processes"])
def test_who_is_killed_goes_on(undisturbed, forgotten, notes, cluster, tmp_path, where):
    """And does nothing again that the file has."""
    options = ["--scheduler", cluster.scheduler_address] if where == "cluster" else ["--jobs", "3"]
    path = tmp_path / "explore.parquet"
    with running(tmp_path, *options) as process:
        wait_for(lambda: path.exists() and results_in(path))
        process.send_signal(signal.SIGKILL)
    kept = results_in(path)
    assert 0 < kept < TASKS
    time.sleep(1)  # what is under way on the cluster ends
    before = len(explore_calls.notes(notes, "begin"))
    with running(tmp_path, *options) as process:
        assert process.wait(timeout=100) == 0
    assert path.read_bytes() == undisturbed
    again = len(explore_calls.notes(notes, "begin")) - before
    assert again <= TASKS - kept


def test_ctrl_c_keeps_all_that_has_ended(undisturbed, forgotten, notes, tmp_path):
    with running(tmp_path, "--jobs", "3") as process:
        wait_for(lambda: ended(notes) >= 7)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) != 0
    rows = pq.read_table(tmp_path / "explore.parquet").to_pylist()
    known = {(row["rows"], row["cols"], row["arrays"]) for row in rows if row["lut"] is not None}
    assert len(known) + sum(row["cycles"] is not None for row in rows) >= 6
    with running(tmp_path, "--jobs", "3") as process:
        assert process.wait(timeout=100) == 0
    assert (tmp_path / "explore.parquet").read_bytes() == undisturbed
    check_once_but(notes, 3)
