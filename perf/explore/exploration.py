"""A whole exploration: what is left to do, done and noted."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product, zip_longest
from typing import Any

from mixdit.tasks.executor import Executor
from mixdit.tasks.run import run_tasks
from mixdit.tasks.task import Task
from perf.explore import work
from perf.explore.design import Design, design_of
from perf.explore.estimate import Estimate
from perf.explore.point import Cycles, Point, Synthesis
from perf.explore.results import Key, Results

__all__ = ["Progress", "Refusal", "designs_of", "explore"]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far an exploration is.

    Parameters
    ----------
    done, of:
        Tasks, but for those that were done before.
    what:
        The last one, empty while none has ended.
    seconds_left:
        What the others will take; None while that is not known.
    """

    done: int
    of: int
    what: str
    seconds_left: float | None


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Parameters that no engine has.

    Parameters
    ----------
    values:
        By their names.
    reason:
        Why there is none.
    """

    values: Mapping[str, Any]
    reason: str


def designs_of(axes: Mapping[str, Sequence[Any]]) -> tuple[list[Design], list[Refusal]]:
    """Every engine with one value of each parameter, each once, and what is none.

    Parameters
    ----------
    axes:
        Values by the names of parameters; others keep their defaults.
    """
    designs: dict[Design, None] = {}
    refusals = []
    for values in (dict(zip(axes, each, strict=True)) for each in product(*axes.values())):
        try:
            designs[design_of(values)] = None
        except (TypeError, ValueError) as error:
            refusals.append(Refusal(values=values, reason=str(error)))
    return list(designs), refusals


def _task(key: Key, store: str) -> Task:
    if isinstance(key, Cycles):
        arguments: tuple[Any, ...] = work.count_cycles, key.source, key.workload, key.mix, key.engine
    else:
        arguments = work.synthesize, key.source, key.design, key.family, key.seeds, store
    return Task(key.name, work.timed, partial(tuple, arguments), key)


def _kind(key: Key) -> str:
    return "cycles" if isinstance(key, Cycles) else "synthesis"


def _missing(points: Sequence[Point], results: Results, with_synthesis: bool) -> Iterator[Key]:
    """Keys of what is not known, each once: the two kinds in turn, so that time left is known soon."""
    cycles = dict.fromkeys(p.cycles for p in points if results.found(p.cycles) is None)
    synthesis: dict[Synthesis, None] = {}
    if with_synthesis:
        synthesis = dict.fromkeys(p.synthesis for p in points if results.found(p.synthesis) is None)
    for pair in zip_longest(cycles, synthesis):
        yield from (key for key in pair if key is not None)


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
    waiting = deque(_task(key, store) for key in _missing(points, results, with_synthesis))
    of, failed = len(waiting), dict[str, str]()
    estimate = Estimate(_kind(task.key) for task in waiting)
    done = 0

    def show(what: str = "") -> None:
        results.write_if_due()
        left = estimate.seconds(executor.slots)
        progress(Progress(done=done, of=of, what=what, seconds_left=left))

    def fail(task: Task, reason: object, seconds: float | None = None) -> None:
        nonlocal done
        failed[task.name] = str(reason)
        estimate.done(_kind(task.key), seconds)
        done += 1
        show(task.name)

    for task, (found, seconds) in run_tasks(executor, waiting, idle=show, lost=fail):
        if isinstance(found, str):
            fail(task, found, seconds)
            continue
        results.keep(task.key, found)
        estimate.done(_kind(task.key), seconds)
        done += 1
        show(task.name)
    return failed
