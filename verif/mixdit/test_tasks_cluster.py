"""Tasks on a Dask cluster, three of whose processes work: workers that are killed, and the scheduler."""

import contextlib
import os
import signal
import subprocess
import sys
from collections import deque
from functools import partial

import distributed
import pytest

from mixdit.quality.evaluate import evaluate
from mixdit.tasks.cluster import Cluster
from mixdit.tasks.errors import TaskError
from mixdit.tasks.executor import Here
from mixdit.tasks.run import run_tasks
from mixdit.tasks.task import Task
from verif.mixdit import calls
from verif.mixdit.test_tasks import wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def task(number: int, function=calls.square, *more) -> Task:
    return Task(f"call {number}", function, partial(tuple, (number, *more)), number)


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None, protocol="tcp"
    ) as cluster:
        yield cluster


def test_a_killed_worker_costs_its_call_only(cluster, tmp_path):
    folder, found = str(tmp_path), {}
    long = [task(n, calls.wait_for_file, folder, "end") for n in (0, 1)]
    waiting = deque([*long, task(2, calls.killed_once, folder), *(task(n) for n in range(3, 9))])
    with Cluster(cluster.scheduler_address) as executor:
        assert executor.slots == 3
        for done, result in run_tasks(executor, waiting):
            found[done.key] = result
            if len(found) == 7:
                (tmp_path / "end").touch()
    assert found == {i: i * i for i in range(9)}
    assert [calls.times(tmp_path, n) for n in range(3)] == [1, 1, 2]


def test_a_call_that_ends_worker_after_worker_is_lost(cluster, tmp_path):
    lost = []
    tasks = deque([task(0, calls.killed, str(tmp_path))])
    with Cluster(cluster.scheduler_address) as executor:
        for _ in run_tasks(executor, tasks, lost=lambda task, error: lost.append(str(error))):
            pass
        assert lost == [f"call 0: workers of {cluster.scheduler_address} ended again and again"]
        assert [result for _, result in run_tasks(executor, deque([task(5)]))] == [25]


def test_errors_of_calls_are_their_own(cluster):
    with Cluster(cluster.scheduler_address) as executor, pytest.raises(KeyError, match="7"):
        list(run_tasks(executor, deque([task(7, calls.failing)])))


def test_a_scheduler_that_ends(tmp_path):
    file = tmp_path / "address"
    code = (
        "import asyncio, distributed, pathlib, sys\n"
        "async def main():\n"
        "    async with distributed.Scheduler(dashboard_address=None, host='127.0.0.1', port=0) as s:\n"
        "        async with distributed.Worker(s.address, nthreads=1):\n"
        "            pathlib.Path(sys.argv[1]).write_text(s.address)\n"
        "            await s.finished()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(file)]) as process:
        try:
            wait_for(lambda: file.exists() and file.read_text())
            address = file.read_text()
            with Cluster(address) as executor:
                rounds = run_tasks(
                    executor,
                    deque([task(3), task(1, calls.wait_for_file, str(tmp_path), "end")]),
                    idle=partial(os.kill, process.pid, signal.SIGKILL),
                )
                assert next(rounds)[1] == 9
                with pytest.raises(TaskError, match=r"the Dask scheduler at 'tcp://.*' has ended"):
                    next(rounds)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


@pytest.mark.engine
def test_quality_on_a_cluster_is_that_of_one_process(cluster):
    names = ["MX6", "mixed"]
    with Here() as here, Cluster(cluster.scheduler_address) as workers:
        ((_, expected),) = evaluate({"digits-16": 4}, 2, {"digits-16": names}, here)
        ((_, found),) = evaluate({"digits-16": 4}, 2, {"digits-16": names}, workers)
    assert [each.row.variant for each in found] == names
    for a, b in zip(expected, found, strict=True):
        assert b.row.sqnr_db == pytest.approx(a.row.sqnr_db, abs=1e-3)
