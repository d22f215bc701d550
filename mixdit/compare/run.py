"""A whole comparison: what is left to do, done and written, image by image."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from mixdit.compare import tasks
from mixdit.compare.comparison import Comparison
from mixdit.compare.results import Results
from mixdit.compare.rows import CompareRow, make_row
from mixdit.rivals.variants import VARIANTS
from mixdit.tasks.executor import Executor
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
    progress: Callable[[int, int, str], None] = lambda done, of, what: None,
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
        Called with tasks done and in all, and what was done last.

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

    def run(tasks: Iterator[Task], keep: Callable[[Any, Any], None]) -> None:
        nonlocal done
        for task, result in run_tasks(executor, deque(tasks)):
            keep(task.key, result)
            done += 1
            progress(done, of, task.name)

    progress(done, of, "")
    run(_references(comparison, references), results.keep_reference)
    run(_measurements(comparison, left, results), lambda key, result: results.keep(*key, result))
    return [make_row(VARIANTS[name], results, images) for name in variants]


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
