"""The loop: design after design, case after case, until the time is over."""

import time
from itertools import count

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from verif.soak.builds import Builds
from verif.soak.cases import Outcome, run_case
from verif.soak.designs import design
from verif.soak.report import Soaked, again, line

__all__ = ["soak"]

_CYCLES = 10_000_000
"""Of a design's cases, after which it is the next one's turn: more time than its compilation takes."""


def soak(seed: int, seconds: float, designs: int | None, cases: int | None, log: Console) -> list[Soaked]:
    """What became of the designs of a seed.

    The order of designs and cases is the same however much time there is; it ends the sequence early. One
    case of one design is run at least.

    Parameters
    ----------
    seed:
        Of all of them.
    seconds:
        How long, but for the case that is under way then.
    designs, cases:
        How many designs, and how many cases of each at most.
    log:
        Where each design, and each failure, is told.
    """
    deadline = time.monotonic() + seconds
    found: list[Soaked] = []
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Builds() as builds, Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=seconds)
        builds.start(design(seed, 0))
        for number in range(designs) if designs else count():
            soaked = Soaked(design(seed, number))
            found.append(soaked)
            progress.update(task, description=f"design {number}: compiling")
            start = time.monotonic()
            soaked.broken = builds.wait()
            soaked.waited_s = time.monotonic() - start
            if number + 1 != designs:
                builds.start(design(seed, number + 1))
            if soaked.broken:
                log.print(f"design {number} of seed {seed} is not compiled:\n{soaked.broken}")
            else:
                _run_cases(soaked, deadline, cases, log, progress)
            log.print(line(soaked))
            if time.monotonic() > deadline:
                break
    return found


def _run_cases(soaked: Soaked, deadline: float, cases: int | None, log: Console, progress: Progress) -> None:
    """Run a design's cases until it has had its cycles, or the time is over."""
    start = time.monotonic()
    (task,) = progress.task_ids
    while soaked.counts["cycles"] < _CYCLES and len(soaked.outcomes) != cases:
        number = len(soaked.outcomes)
        left = deadline - time.monotonic()
        progress.update(
            task,
            description=f"design {soaked.design.number}, case {number}",
            completed=progress.tasks[0].total - left,
        )
        outcome = run_case(soaked.design, number)
        soaked.outcomes.append(outcome)
        if outcome.failure:
            _report(soaked, outcome, log)
        if time.monotonic() > deadline:
            break
    soaked.run_s = time.monotonic() - start


def _report(soaked: Soaked, outcome: Outcome, log: Console) -> None:
    log.print(
        f"{outcome.failure}\ncase {soaked.design.seed}:{soaked.design.number}.{outcome.number} fails, again"
        f" with a waveform:\n\n    {again(soaked.design, outcome)}\n"
    )
