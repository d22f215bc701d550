"""What a command shows while it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

__all__ = ["Show", "progress_line"]


class Show(Protocol):
    """Says what is being done, and which share of it is done where that is known."""

    def __call__(self, text: str, share: float | None = None) -> None: ...


@contextmanager
def progress_line() -> Iterator[Show]:
    """A line on the terminal with a bar, gone at the end; nothing where standard error is no terminal."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        shown, task = "", progress.add_task("", total=None, visible=False)

        def show(text: str, share: float | None = None) -> None:
            nonlocal shown, task
            if text != shown:
                progress.remove_task(task)
                shown, task = text, progress.add_task(text, total=None)
            if share is not None:
                progress.update(task, total=1, completed=share)

        yield show
