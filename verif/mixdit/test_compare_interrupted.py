"""``mixdit compare`` that is killed, and on a Dask cluster: the table is that of a run in peace."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import distributed
import pytest

from gen.cli import main
from verif.mixdit.tiny_pipelines import pipeline

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:diffusers"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "gen", "compare"]
OPTIONS = ["--pipeline", "dit", "--labels", "1,2,3", "-n", "5", "--steps", "2", "--calibration-images", "1"]
NAMES = ("MX6", "HTG W4A8", "mixed")
FILES = 5 * (1 + len(NAMES))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "dit"
    pipeline("dit").save_pretrained(folder)
    return folder


def options(model, output) -> list[str]:
    variants = [x for name in NAMES for x in ("--variants", name)]
    return ["--model", str(model), *OPTIONS, *variants, "--threads", "1", "--output", str(output)]


def table(model, output, *further: str) -> list[dict]:
    with pytest.raises(SystemExit) as exit_:
        main(["compare", *options(model, output), *further])
    assert not exit_.value.code
    return json.loads((output / "compare.json").read_text())


@pytest.fixture(scope="module")
def undisturbed(model, tmp_path_factory):
    return table(model, tmp_path_factory.mktemp("undisturbed"))


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen]:
    """The command in a process of its own, which is killed in the end."""
    with subprocess.Popen([*COMMAND, *arguments], cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


def files(output) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in output.glob("*/*.safetensors")}


def children(process: subprocess.Popen) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_for(happened, seconds: float = 200) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.engine
def test_a_killed_comparison_goes_on(model, undisturbed, tmp_path):
    """Killed while it works in two processes, which end too; what is there stays as it is."""
    with running(*options(model, tmp_path), "--jobs", "2") as process:
        wait_for(lambda: len(files(tmp_path)) >= 4)
        helpers = children(process)
    kept = files(tmp_path)
    assert 4 <= len(kept) < FILES
    assert not (tmp_path / "compare.json").exists()
    wait_for(lambda: all(map(gone, helpers)))
    assert table(model, tmp_path) == undisturbed
    after = files(tmp_path)
    assert len(after) == FILES
    assert {path: after[path] for path in kept} == kept


@pytest.mark.engine
def test_a_killed_process_costs_its_task_only(model, undisturbed, tmp_path):
    with running(*options(model, tmp_path), "--jobs", "2") as process:
        wait_for(lambda: len(files(tmp_path)) >= 3)
        kept = files(tmp_path)
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children(process)}
        os.kill(next(pid for pid, command in commands.items() if b"spawn_main" in command), signal.SIGKILL)
        assert process.wait() == 0
    assert json.loads((tmp_path / "compare.json").read_text()) == undisturbed
    after = files(tmp_path)
    assert {path: after[path] for path in kept} == kept


@pytest.fixture
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, protocol="tcp"
    ) as cluster:
        yield cluster


@pytest.mark.engine
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_dask_cluster_of_two_processes_gives_the_same_table(model, undisturbed, cluster, tmp_path):
    """Also if one of them is killed: its task alone is done again, by the other or by its successor."""
    assert table(model, tmp_path / "a", "--scheduler", cluster.scheduler_address) == undisturbed
    with running(*options(model, tmp_path / "b"), "--scheduler", cluster.scheduler_address) as process:
        wait_for(lambda: len(files(tmp_path / "b")) >= 3)
        kept = files(tmp_path / "b")
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        assert process.wait() == 0
    assert json.loads((tmp_path / "b" / "compare.json").read_text()) == undisturbed
    after = files(tmp_path / "b")
    assert {path: after[path] for path in kept} == kept


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_scheduler_that_is_not_there(model, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("mixdit.tasks.cluster.PATIENCE", 0.2)
    for address in ("tcp://127.0.0.1:1", "nonsense://x"):
        with pytest.raises(SystemExit) as exit_:
            main(["compare", *options(model, tmp_path), "--scheduler", address])
        assert exit_.value.code == 1
        said = capsys.readouterr().err
        assert f"mixdit: no Dask scheduler with a worker at '{address}': " in said
        assert said.count("\n") == 1
