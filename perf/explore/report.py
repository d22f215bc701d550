"""Tables of an exploration."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table

from gen.files import csv_text
from perf.explore.design import Refusal
from perf.explore.figures import BEST, Figures, best, front

__all__ = ["Report", "groups", "label_of"]

BEST_COUNT = 5
"""Rows of a table of the best."""


def groups(figures: Iterable[Figures]) -> Iterator[tuple[str, list[Figures]]]:
    """Figures that can be compared, with a title for them."""
    ordered = sorted(figures, key=lambda f: f.group)
    for (workload, mix, family), each in groupby(ordered, key=lambda f: f.group):
        yield f"{workload}, {mix}, {family}", list(each)


def label_of(figures: Figures, names: Sequence[str]) -> str:
    """Values of these parameters, for a picture."""
    size = f"{figures.row['rows']}x{figures.row['cols']}"
    others = [f"{name} {figures.row[name]}" for name in names if name not in ("rows", "cols")]
    return ", ".join([size, *others])


def _short(value: float) -> str:
    """Four digits and more, without an exponent for large numbers."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What an exploration has found.

    Parameters
    ----------
    figures:
        Of all points that have some.
    names:
        Parameters that were explored, which tables show.
    refusals:
        Parameters that no engine has, and what engines do not run.
    failed:
        What could not be found, and why.
    """

    figures: Sequence[Figures]
    names: Sequence[str]
    refusals: Sequence[Refusal]
    failed: Mapping[str, str]

    def print(self, console: Console) -> None:
        """The best of each group, its Pareto front, and what there are no figures of."""
        for title, group in groups(self.figures):
            kept = [f for f in group if not f.exceeded]
            console.print(f"{title}: {len(group)} designs, {len(kept)} within limits", highlight=False)
            tables = {f"best by {by}": best(group, by, BEST_COUNT) for by in BEST}
            for name, shown in (tables | {"Pareto front, LUTs and time": front(group)}).items():
                if shown:
                    console.print(self._table(name, shown))
        for line in self._reasons():
            console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _table(self, title: str, shown: Sequence[Figures]) -> Table:
        table = Table(title=title, title_justify="left")
        figures = ("cycles", "MHz", "ms", "busy", "LUTs", "flip-flops", "memories", "runs/s/kLUT")
        for name in (*self.names, *figures):
            table.add_column(name, justify="right")
        for f in shown:
            sizes = (
                "" if f.row[name] is None else str(f.row[name]) for name in ("lut", "ff", "block_memories")
            )
            table.add_row(
                *(str(f.row[name]) for name in self.names),
                f"{f.row['cycles']:,}",
                f"{f.clock_mhz:.1f} ({f.clock_status})",
                _short(1e3 * f.seconds),
                f"{f.busy:.0%}",
                *sizes,
                _short(f.speed_per_lut) if f.speed_per_lut else "",
            )
        return table

    def _reasons(self) -> Iterator[str]:
        for refusal in self.refusals:
            what = [str(refusal.values[name]) for name in ("workload", "mix") if name in refusal.values]
            what += [f"{name} {refusal.values[name]}" for name in self.names]
            yield f"refused: {', '.join(what)}: {refusal.reason}"
        for name, reason in self.failed.items():
            yield f"failed: {name}: {reason}"
        for f in self.figures:
            if f.exceeded:
                yield f"outside limits: {', '.join(f.group)}, {label_of(f, self.names)}: {f.exceeded}"

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values; the best and the front are places among ``points``."""
        places = {id(f): place for place, f in enumerate(self.figures)}

        def of(shown: Iterable[Figures]) -> list[int]:
            return [places[id(f)] for f in shown]

        return {
            "points": [f.to_json() for f in self.figures],
            "groups": {
                title: {"front": of(front(group))} | {by: of(best(group, by, BEST_COUNT)) for by in BEST}
                for title, group in groups(self.figures)
            },
            "refused": [{**r.values, "reason": r.reason} for r in self.refusals],
            "failed": dict(self.failed),
        }

    def to_csv(self) -> str:
        """Every point with all that is known of it, and whether it is on the front of its group."""
        on_front = {id(f) for _, group in groups(self.figures) for f in front(group)}
        return csv_text([f.to_json() | {"on_front": int(id(f) in on_front)} for f in self.figures])
