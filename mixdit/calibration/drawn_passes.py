"""Passes of the model that decide how channels are balanced and weights rounded, some of every image."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from mixdit.calibration.job import Job
from mixdit.calibration.passes import Passes

__all__ = ["ROUNDING_PASSES", "Seen", "all_drawn", "drawn", "show_progress"]

ROUNDING_PASSES = 32
"""Of all images together."""

Seen = dict[int, Sequence[dict[str, Any]]]
"""Arguments of those passes, by the number of the image."""


@contextmanager
def show_progress(unit: str) -> Iterator[Progress]:
    """A bar on the terminal, if there is one."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(f"{{task.completed:.0f}}/{{task.total:.0f}} {unit}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield progress


def drawn(job: Job, passes: Passes, number: int) -> Sequence[dict[str, Any]]:
    """The passes of image ``number`` that weights are rounded for."""
    return passes.draw(-(-ROUNDING_PASSES // len(job.items)), job.settings.seed + number)


def all_drawn(job: Job, pipeline: Any, seen: Seen, what: str) -> list[dict[str, Any]]:
    """Those of all images; such that were not seen, before an interruption say, are sampled once more."""
    with show_progress("images") as progress:
        task = progress.add_task(what, total=len(job.items), completed=len(seen))
        for number in range(len(job.items)):
            if number not in seen:
                passes = Passes(lambda: progress.advance(task, 1 / job.steps))
                with passes.watch(pipeline.transformer):
                    job.run(pipeline, number, "latent")
                seen[number] = drawn(job, passes, number)
    return [kwargs for number in sorted(seen) for kwargs in seen[number]]
