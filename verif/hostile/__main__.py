"""``python -m verif.hostile``: hostile inputs to everything that reads, as many as one asks for."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from verif.hostile.campaign import run
from verif.hostile.findings import keep, replayed
from verif.hostile.tally import Tally, table
from verif.hostile.targets import TARGETS
from verif.hostile.targets.target import Target

__all__ = ["main"]

FINDINGS = Path("build/hostile")


def main(arguments: Sequence[str] | None = None) -> int:
    """Send the inputs that ``arguments`` ask for; 1 if one of them is a finding."""
    options = _options(arguments)
    targets, inputs = _chosen(options)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # Without a thread of its own: processes are started meanwhile.
    with Progress(*columns, console=console, auto_refresh=False, disable=not console.is_terminal) as progress:
        task = progress.add_task("inputs", total=inputs)

        def show(tallies: Sequence[Tally]) -> None:
            progress.update(task, completed=sum(tally.judged for tally in tallies), refresh=True)

        tallies = run(targets, inputs, options.seed, options.jobs, show)
    for text in (text for tally in tallies for text in keep(tally, FINDINGS)):
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    if options.json:
        print(json.dumps([tally.figures() for tally in tallies], indent=2))
    else:
        Console().print(table(tallies))
    return int(any(tally.findings for tally in tallies))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m verif.hostile", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="inputs (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="that all inputs come from (%(default)s)")
    names = [target.name for target in TARGETS]
    parser.add_argument(
        "--only", action="append", choices=names, metavar="TARGET", help=f"one of {', '.join(names)}"
    )
    parser.add_argument("--replay", type=Path, metavar="FILE", help="the input of a finding, and no other")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print counts and findings as JSON")
    options = parser.parse_args(arguments)
    for name in ("count", "jobs"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1, not {getattr(options, name)}")
    options.error = parser.error
    return options


def _chosen(options: argparse.Namespace) -> tuple[list[Target], int]:
    """Targets, and how many inputs they get."""
    if options.replay is None:
        return [t for t in TARGETS if options.only is None or t.name in options.only], options.count
    try:
        return [replayed(options.replay, TARGETS)], 1
    except (OSError, ValueError) as error:
        options.error(str(error))
        raise


if __name__ == "__main__":
    sys.exit(main())
