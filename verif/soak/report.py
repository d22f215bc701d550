"""What people see of a soak: a line for each design, how to see a failure again, a table at the end."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table

from verif.soak.cases import Outcome
from verif.soak.designs import Design
from verif.soak.tally import COLUMNS, total

__all__ = ["WAVES", "Soaked", "again", "entry", "line", "table"]

WAVES = Path("build/waves")
"""Where replays leave waveforms."""

_BEFORE = 20_000
"""Cycles before a failure was noticed that its waveform has; they take tens of kilobytes each."""


@dataclass
class Soaked:
    """What became of a design.

    Parameters
    ----------
    design:
        The engine.
    waited_s, run_s:
        For how long its model was waited for, and its cases ran.
    outcomes:
        Of its cases.
    broken:
        Why it could not be compiled; empty if it could.
    """

    design: Design
    waited_s: float = 0.0
    run_s: float = 0.0
    outcomes: list[Outcome] = field(default_factory=list)
    broken: str = ""

    @property
    def counts(self) -> Counter[str]:
        return total(outcome.counts for outcome in self.outcomes)

    @property
    def failures(self) -> int:
        return bool(self.broken) + sum(bool(outcome.failure) for outcome in self.outcomes)


def line(soaked: Soaked) -> str:
    """A design's line of the log."""
    design, counts = soaked.design, soaked.counts
    counted = ", ".join(f"{counts[name]:,} {name}" for name in COLUMNS)
    return (
        f"seed {design.seed}, design {design.number}: {design}; {counted},"
        f" {soaked.waited_s:.0f} s until compiled, {soaked.run_s:.0f} s run, {soaked.failures} failed"
    )


def again(design: Design, outcome: Outcome) -> str:
    """The command that runs a case again and leaves a waveform of what came before its end."""
    case = f"{design.seed}:{design.number}.{outcome.number}"
    first = max(0, outcome.counts["cycles"] - _BEFORE)
    wave = WAVES / f"soak-{case.replace(':', '-')}"
    return f'make soak ARGS="--replay {case} --wave {wave} --from {first}"'


def table(found: Sequence[Soaked]) -> Table:
    """A row for each design, and one for all."""
    shown = Table(box=None, pad_edge=False)
    columns = ("design", *COLUMNS, "seconds", "failures")
    for column in columns:
        shown.add_column(column, justify="right")
    for soaked in found:
        shown.add_row(str(soaked.design.number), *_cells(soaked.counts, soaked.run_s, soaked.failures))
    shown.add_row(
        "all",
        *_cells(
            total(soaked.counts for soaked in found),
            sum(soaked.run_s for soaked in found),
            sum(soaked.failures for soaked in found),
        ),
    )
    return shown


def _cells(counts: Counter[str], seconds: float, failures: int) -> list[str]:
    return [*(f"{counts[name]:,}" for name in COLUMNS), f"{seconds:.0f}", str(failures)]


def entry(soaked: Soaked) -> dict[str, object]:
    """A design for scripts."""
    failures = [
        {"case": outcome.number, "text": outcome.failure, "again": again(soaked.design, outcome)}
        for outcome in soaked.outcomes
        if outcome.failure
    ]
    return {
        "design": soaked.design.number,
        "parameters": {**vars(soaked.design.parameters), **soaked.design.build},
        "counts": {name: soaked.counts[name] for name in COLUMNS},
        "waited_s": round(soaked.waited_s, 1),
        "run_s": round(soaked.run_s, 1),
        "broken": soaked.broken,
        "failures": failures,
    }
