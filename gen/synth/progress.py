"""How far a command is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["progress"]


@contextmanager
def progress(steps: int) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal, a line per step elsewhere."""
    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=steps)
        count = 0

        def done(step: str) -> None:
            nonlocal count
            count += 1
            bar.update(task, advance=1, description=escape(step))
            if not console.is_terminal:
                console.print(f"{count}/{steps} {step}", highlight=False, markup=False, soft_wrap=True)

        yield done
