"""Tasks in other processes: which of them are lost with a process, and that all others are not."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import BrokenExecutor, Future
from functools import partial
from pathlib import Path

import pytest

from mixdit.tasks.errors import LostTaskError
from mixdit.tasks.executor import Here
from mixdit.tasks.options import executor_of
from mixdit.tasks.processes import Processes
from mixdit.tasks.run import run_tasks
from mixdit.tasks.task import Task
from verif.mixdit import calls

ROOT = Path(__file__).resolve().parents[2]


def task(number: int, function=calls.square, *more) -> Task:
    return Task(f"call {number}", function, partial(tuple, (number, *more)), number)


def results(executor, tasks, **options) -> dict[int, int]:
    return {task.key: result for task, result in run_tasks(executor, deque(tasks), **options)}


class Fragile(Here):
    """Makes calls at once, and loses those that it is told to."""

    slots, reserve = 2, 1

    def __init__(self, lost=(), ended=()) -> None:
        self.lost, self.ended, self.open, self.most = list(lost), ended, 0, 0

    def submit(self, function, *arguments):
        self.open += 1
        self.most = max(self.most, self.open)
        if arguments[0] not in self.lost:
            return super().submit(function, *arguments)
        self.lost.remove(arguments[0])
        future = Future()
        future.set_exception(BrokenExecutor())
        return future

    def result(self, future):
        self.open -= 1
        if not future.exception() and future.result() in self.ended:
            raise LostTaskError("workers ended")
        return future.result()


def test_lost_calls_are_made_again():
    executor = Fragile(lost=[3, 3, 4])
    assert results(executor, map(task, range(8))) == {i: i * i for i in range(8)}
    assert executor.most == 3  # two at work, one in reserve


def test_a_call_that_is_lost_again_and_again_ends_all():
    with pytest.raises(LostTaskError, match="call 2: its process ended 3 times; not enough memory"):
        results(Fragile(lost=[2, 2, 2]), map(task, range(4)))
    with pytest.raises(LostTaskError, match="call 2: workers ended"):
        results(Fragile(ended=[4]), map(task, range(4)))


def test_or_others_go_on():
    lost = {}
    executor = Fragile(lost=[2, 2, 2], ended=[1])
    found = results(executor, map(task, range(4)), lost=lambda task, error: lost.update({task.key: error}))
    assert found == {0: 0, 3: 9}
    assert sorted(lost) == [1, 2]
    assert all(isinstance(error, LostTaskError) for error in lost.values())


def test_tasks_that_follow_from_others():
    waiting = deque([task(2)])
    found = []
    for done, result in run_tasks(Fragile(), waiting):
        found.append((done.key, result))
        if result < 100:
            waiting.append(task(result))
    assert found == [(2, 4), (4, 16), (16, 256)]


def wait_for(happened, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.fixture(scope="module")
def three():
    with Processes(3) as executor:
        yield executor


def test_a_killed_process_costs_its_call_only(three, tmp_path):
    """Two calls last from before one is killed until all others are done; they are made once."""
    folder = str(tmp_path)
    long = [task(n, calls.wait_for_file, folder, "end") for n in (0, 1)]
    waiting = deque([*long, task(2, calls.killed_once, folder), *(task(n) for n in range(3, 9))])
    found = {}
    for done, result in run_tasks(three, waiting):
        found[done.key] = result
        if len(found) == 7:
            (tmp_path / "end").touch()
    assert found == {i: i * i for i in range(9)}
    assert [calls.times(tmp_path, n) for n in range(3)] == [1, 1, 2]


def test_idle_is_called_while_nothing_ends(three, tmp_path):
    found = results(
        three, [task(5, calls.wait_for_file, str(tmp_path), "end")], idle=(tmp_path / "end").touch
    )
    assert found == {5: 25}


def test_a_call_whose_processes_are_killed(three, tmp_path):
    lost = []
    tasks = [task(0, calls.killed, str(tmp_path)), *(task(n) for n in range(1, 9))]
    found = results(three, tasks, lost=lambda task, error: lost.append(str(error)))
    assert found == {i: i * i for i in range(1, 9)}
    assert lost == ["call 0: its process ended 3 times; not enough memory?"]
    assert calls.times(tmp_path, 0) == 3


def test_errors_come_with_their_place(three):
    with pytest.raises(KeyError) as raised:
        results(three, [task(7, calls.failing)])
    assert raised.value.args == (7,)
    assert "in failing" in raised.value.__notes__[0]
    with pytest.raises(TypeError, match="the result of a call cannot be sent"):
        results(three, [task(7, calls.not_sent)])
    assert results(three, map(task, range(5))) == {i: i * i for i in range(5)}


def test_leaving_ends_calls_and_their_tools(tmp_path):
    with contextlib.suppress(KeyboardInterrupt), Processes(1) as executor:
        executor.submit(calls.with_tool, str(tmp_path))
        wait_for(lambda: list(tmp_path.glob("*[0-9]")))
        raise KeyboardInterrupt
    (note,) = tmp_path.glob("*[0-9]")
    wait_for(lambda: gone(int(note.name.partition("-")[0])))
    assert gone(int(note.read_text()))


def test_who_is_killed_leaves_nobody_behind(tmp_path):
    code = (
        "import sys; from mixdit.tasks.processes import Processes; from verif.mixdit import calls\n"
        f"with Processes(1) as executor: executor.submit(calls.with_tool, {str(tmp_path)!r}).result()"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) as process:
        try:
            wait_for(lambda: list(tmp_path.glob("*[0-9]")))
        finally:
            process.kill()
    (note,) = tmp_path.glob("*[0-9]")
    for pid in (note.name.partition("-")[0], note.read_text()):
        wait_for(lambda pid=int(pid): gone(pid))


def test_an_interrupt_from_the_terminal_is_not_theirs(tmp_path):
    """It goes to all of the terminal's processes: a call goes on unless the one that waits for it ends it."""
    code = (
        "import signal, sys, pathlib; from mixdit.tasks.processes import Processes\n"
        "from verif.mixdit import calls\n"
        f"folder = {str(tmp_path)!r}\n"
        "signal.signal(signal.SIGINT, lambda *_: (pathlib.Path(folder) / 'end').touch())\n"
        "with Processes(1) as e: print(e.submit(calls.wait_for_file, 3, folder, 'end').result())"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, start_new_session=True, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            wait_for(lambda: list(tmp_path.glob("*[0-9]")))
            os.killpg(process.pid, signal.SIGINT)
            assert process.communicate(timeout=30)[0] == "9\n"
        finally:
            process.kill()


def test_who_makes_calls():
    with pytest.raises(ValueError, match="jobs must be at least 1, not 0"):
        executor_of(0, None)
    assert executor_of(3, None).slots == 3
