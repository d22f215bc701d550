"""``python -m verif.sweep``: as many sets of legal parameters as one asks for, through all tools."""

import argparse
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from amaranth.hdl import UnusedElaboratable
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from verif.sweep.check import Outcome, check
from verif.sweep.space import SPACE, Draw, draws

__all__ = ["main", "table"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sweep that ``arguments`` ask for; 1 if a set fails."""
    options = _options(arguments)
    chosen = [
        draw
        for draw in draws(options.seed, options.count, options.elements)
        if options.only in (None, draw.number)
    ]
    console = Console(stderr=True)
    outcomes = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("parameter sets", total=len(chosen))
        for outcome in _outcomes(chosen, options.jobs):
            outcomes.append(outcome)
            progress.advance(task)
            if outcome.failure:
                _report(console, outcome, options)
    failures = sum(bool(outcome.failure) for outcome in outcomes)
    if options.json:
        print(json.dumps([_entry(outcome) for outcome in outcomes], indent=2))
    else:
        Console().print(table(outcomes))
    return int(failures > 0)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m verif.sweep", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="parameter sets (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the sequence of sets (%(default)s)")
    parser.add_argument("--only", type=int, help="the number of the one set of the sequence to check")
    parser.add_argument(
        "--elements", type=int, default=64, help="most processing elements of a design (%(default)s)"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="sets at a time (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print every set instead of a table")
    return parser.parse_args(arguments)


def _outcomes(chosen: Sequence[Draw], jobs: int) -> Iterator[Outcome]:
    if jobs == 1:
        yield from map(_check, chosen)
        return
    with ProcessPoolExecutor(jobs) as pool:
        for future in as_completed([pool.submit(_check, draw) for draw in chosen]):
            yield future.result()


def _check(draw: Draw) -> Outcome:
    warnings.simplefilter("ignore", UnusedElaboratable)  # a design that is refused is only built
    with tempfile.TemporaryDirectory() as folder:
        return check(draw, Path(folder))


def _report(console: Console, outcome: Outcome, options: argparse.Namespace) -> None:
    draw = outcome.draw
    again = (
        f"--seed {options.seed} --count {draw.number + 1} --only {draw.number} --elements {options.elements}"
    )
    text = f"{outcome.failure}\n{draw}\nagain: python -m verif.sweep {again}"
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def table(outcomes: Sequence[Outcome]) -> Table:
    """A row for each design, and one for all."""
    shown = Table(box=None, pad_edge=False)
    for title in ("design", "sets", "failures", "simulated", "slowest export", "CPU time"):
        shown.add_column(title, justify="left" if title == "design" else "right")
    for name in (*SPACE, "all"):
        some = [outcome for outcome in outcomes if name in ("all", outcome.draw.design)]
        if some:
            shown.add_row(
                name,
                str(len(some)),
                str(sum(bool(outcome.failure) for outcome in some)),
                str(sum(outcome.simulated for outcome in some)),
                f"{max(outcome.export_s for outcome in some):.1f} s",
                f"{sum(outcome.total_s for outcome in some):.0f} s",
            )
    return shown


def _entry(outcome: Outcome) -> dict[str, object]:
    return {**vars(outcome), "draw": vars(outcome.draw)}


if __name__ == "__main__":
    sys.exit(main())
