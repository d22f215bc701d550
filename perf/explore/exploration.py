"""A whole exploration: what is left to do, done and noted."""

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from mixdit.tasks.executor import Executor
from mixdit.tasks.progress import Progress
from mixdit.tasks.run import run_tasks
from mixdit.tasks.task import Task
from perf.explore import work
from perf.explore.estimate import Estimate
from perf.explore.point import Cycles, Point
from perf.explore.results import Key, Results
from perf.explore.schedule import Schedule

__all__ = ["explore"]


def _task(key: Key, store: str) -> Task:
    if isinstance(key, Cycles):
        arguments: tuple[Any, ...] = work.count_cycles, key.source, key.workload, key.mix, key.engine
    else:
        arguments = work.synthesize, key.source, key.design, key.family, key.seeds, store
    return Task(key.name, work.timed, partial(tuple, arguments), key)


def _kind(key: Key) -> str:
    return "cycles" if isinstance(key, Cycles) else "synthesis"


def explore(
    points: Sequence[Point],
    results: Results,
    executor: Executor,
    *,
    store: str,
    with_synthesis: bool = True,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> dict[str, str]:
    """Find all that is not known about points; returns what could not be found, and why, by name.

    Parameters
    ----------
    points:
        What to explore.
    results:
        What is known, and where to note the rest. It is noted as it comes: whatever ends this, the next call
        goes on from there.
    executor:
        Who does the work.
    store:
        Where workers keep what synthesis found.
    with_synthesis:
        Whether sizes are wanted too.
    progress:
        Called after each task, and about once a second meanwhile.

    Raises
    ------
    TaskError, SynthesisError
        Nobody can do the work.
    OSError
        Results cannot be written.
    """
    results.add(points)
    schedule = Schedule(points, results, with_synthesis)
    now, later = schedule.first()
    waiting = deque(_task(key, store) for key in now)
    of, done, failed = len(now) + len(later), 0, dict[str, str]()
    estimate = Estimate(map(_kind, [*now, *later]))

    def show(what: str = "") -> None:
        results.write_if_due()
        left = estimate.seconds(executor.slots)
        progress(Progress(done=done, of=of, what=what, seconds_left=left))

    def end(task: Task, seconds: float | None) -> None:
        nonlocal done, of
        estimate.done(_kind(task.key), seconds)
        following, unwanted = schedule.after(task.key)
        waiting.extendleft(_task(key, store) for key in following)
        for key in unwanted:
            estimate.done(_kind(key), None)
        done, of = done + 1, of - len(unwanted)
        show(task.name)

    def lose(task: Task, reason: object) -> None:
        failed[task.name] = str(reason)
        end(task, None)

    for task, (found, seconds) in run_tasks(executor, waiting, idle=show, lost=lose):
        if isinstance(found, str):
            failed[task.name] = found
        else:
            results.keep(task.key, found)
        end(task, seconds)
    return failed
