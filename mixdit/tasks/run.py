"""All tasks of a graph."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from typing import Any

from mixdit.tasks.errors import LostTaskError
from mixdit.tasks.executor import Executor
from mixdit.tasks.task import Task

__all__ = ["run_tasks"]

ATTEMPTS = 3
"""Of a task whose process ended."""

SECOND = 1.0
"""Between two calls of ``idle``."""


def _refuse(task: Task, error: LostTaskError) -> None:
    raise error


def run_tasks(
    executor: Executor,
    waiting: deque[Task],
    *,
    idle: Callable[[], None] = lambda: None,
    lost: Callable[[Task, LostTaskError], None] = _refuse,
) -> Iterator[tuple[Task, Any]]:
    """Run all tasks, and give each with its result as soon as there is one.

    Parameters
    ----------
    executor:
        Who makes the calls.
    waiting:
        Tasks, which are taken from it in their order. Who gets a result may add those that follow from it.
    idle:
        Called about once a second while no task ends.
    lost:
        Called for a task in whose time processes ended again and again; unless it raises, others go on.

    Yields
    ------
    task, result
        Of each that is not lost.

    Raises
    ------
    LostTaskError
        By default for a lost task.
    TaskError
        The executor cannot go on.
    Exception
        What a task raised.
    """
    running: dict[Future[Any], Task] = {}
    attempts: Counter[Task] = Counter()
    while waiting or running:
        room = executor.slots + executor.reserve - len(running)
        for _ in range(min(room, len(waiting))):
            task = waiting.popleft()
            running[executor.submit(task.function, *task.arguments())] = task
        ended = wait(running, SECOND, FIRST_COMPLETED).done
        if not ended:
            idle()
        for future in ended:
            task = running.pop(future)
            try:
                result = executor.result(future)
            except BrokenExecutor:
                attempts[task] += 1
                if attempts[task] < ATTEMPTS:
                    waiting.appendleft(task)
                else:
                    reason = f"{task.name}: its process ended {ATTEMPTS} times; not enough memory?"
                    lost(task, LostTaskError(reason))
            except LostTaskError as error:
                lost(task, LostTaskError(f"{task.name}: {error}"))
            else:
                yield task, result
