"""How far a graph of tasks is, for people."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich import progress as bars
from rich.console import Console
from rich.markup import escape

__all__ = ["Progress", "show_progress"]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far it is.

    Parameters
    ----------
    done, of:
        Tasks.
    what:
        The last one, empty while none has ended.
    seconds_left:
        What the others will take; None while that is not known.
    """

    done: int
    of: int
    what: str
    seconds_left: float | None


@contextmanager
def show_progress(
    pause: float = 0, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[Progress], None]]:
    """Show it on stderr, with what is left: a bar on a terminal, elsewhere a line per task.

    Parameters
    ----------
    pause:
        Seconds between two such lines, at least; also before the first.
    clock:
        What they are counted by.
    """
    console = Console(stderr=True)
    columns = (
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
        bars.TextColumn("{task.description}"),
    )
    last = clock()
    with bars.Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def show(now: Progress) -> None:
            nonlocal last
            left = "" if now.seconds_left is None else f", {_time(now.seconds_left)} left"
            what = f"{escape(now.what)}{left}" if now.what else None
            bar.update(task, completed=now.done, total=now.of, description=what)
            if now.what and not console.is_terminal and clock() - last >= pause:
                last = clock()
                line = f"{now.done}/{now.of} {now.what}{left}"
                console.print(line, highlight=False, markup=False, soft_wrap=True)

        yield show


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
