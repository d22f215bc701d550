"""A whole comparison: what is left to do, done and written, image by image."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from mixdit.compare import tasks
from mixdit.compare.comparison import Comparison
from mixdit.compare.results import Results
from mixdit.compare.rows import CompareRow, make_row
from mixdit.compare.subject import Arrays, Measurement
from mixdit.compare.time_left import TimeLeft
from mixdit.rivals.variants import VARIANTS
from mixdit.tasks.executor import Executor
from mixdit.tasks.progress import Progress
from mixdit.tasks.run import run_tasks
from mixdit.tasks.task import Task

__all__ = ["compare"]

PREDICTION_IMAGES = 16
"""The first images, whose predicted noise is compared too: that is another run of each."""


def compare(
    comparison: Comparison,
    variants: Sequence[str],
    images: int,
    results: Results,
    executor: Executor,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> list[CompareRow]:
    """Make all results that are not there yet, and a row for each variant.

    Parameters
    ----------
    comparison:
        What to sample.
    variants:
        Of `mixdit.rivals.variants.VARIANTS`.
    images:
        How many, at least 1; the first of a larger number are the same.
    results, executor:
        Where to keep results, and who makes them.
    progress:
        Called first, and after each task, with how far all of them are: those of an earlier call count as
        done, but say nothing of the time that is left.

    Raises
    ------
    CompareError
        A variant that cannot be made, or too little memory.
    TaskError
        No cluster, or processes that end again and again.
    LoadError
        The pipeline cannot be loaded.
    OSError
        Files cannot be written.
    """
    references = [number for number in range(images) if not results.has_reference(number)]
    left = [
        (name, number)
        for name in variants
        for number in range(images)
        if results.figures(name, number) is None
    ]
    done, of = images * (len(variants) + 1) - len(references) - len(left), images * (len(variants) + 1)
    time_left = TimeLeft(len(references) + sum(_samples(number) for _, number in left))

    def show(what: str) -> None:
        progress(Progress(done=done, of=of, what=what, seconds_left=time_left.seconds))

    def run(tasks: Iterator[Task], keep: Callable[[Any, Any], int]) -> None:
        nonlocal done
        for task, result in run_tasks(executor, deque(tasks)):
            time_left.done(keep(task.key, result))
            done += 1
            show(task.name)

    def keep_reference(number: int, arrays: Arrays) -> int:
        results.keep_reference(number, arrays)
        return 1

    def keep(key: tuple[str, int], measurement: Measurement) -> int:
        results.keep(*key, measurement)
        return _samples(key[1])

    show("")
    run(_references(comparison, references), keep_reference)
    run(_measurements(comparison, left, results), keep)
    return [make_row(VARIANTS[name], results, images) for name in variants]


def _samples(number: int) -> int:
    """How often an image of a variant is sampled, which is what takes time."""
    return 2 if number < PREDICTION_IMAGES else 1


def _references(comparison: Comparison, numbers: Sequence[int]) -> Iterator[Task]:
    for number in numbers:
        arguments = partial(tuple, (comparison, number))
        yield Task(f"image {number}", tasks.make_reference, arguments, number)


def _measurements(
    comparison: Comparison, left: Sequence[tuple[str, int]], results: Results
) -> Iterator[Task]:
    for name, number in left:

        def arguments(name: str = name, number: int = number) -> tuple[Any, ...]:
            return comparison, name, number, results.reference(number), number < PREDICTION_IMAGES

        yield Task(f"{name}, image {number}", tasks.measure, arguments, (name, number))
