"""What was aimed at with 4,096 elements, and what is in the way."""

from collections.abc import Mapping, Sequence

from perf.rtx3090.baselines import Row
from perf.speedup.comparison import Cell
from perf.speedup.mixes import MIXES
from perf.speedup.table import Table
from perf.speedup.waterfall import waterfall
from perf.workloads.models import published

__all__ = ["SPEEDUPS", "goals_table"]

BUSY, TO_THE_LIMIT = 0.95, 1.10
"""Share of the products' cycles in which arrays multiply, at least; time over the limit, at most."""

SPEEDUPS: Mapping[str, float] = {"eager": 2.9, "tensorrt": 1.25, "w8a8": 1.5}
"""Times as fast as baselines, at least: by the least of a range."""

_NOT_IN_THE_WAY = ("limit", "MX9")


def goals_table(cells: Sequence[Cell], baselines: Mapping[str, Sequence[Row]]) -> Table:
    """Every goal by network and formats, with * where it is reached; and the step that takes most besides.

    Parameters
    ----------
    cells:
        Of one build.
    baselines:
        By network, with those of `SPEEDUPS`.
    """
    rows = []
    for cell in cells:
        steps, total = waterfall(cell), cell.time.counters["CYCLES"]
        worst = max((step for step in steps if step not in _NOT_IN_THE_WAY), key=lambda step: steps[step])
        busy = cell.time.products["BUSY"] / cell.time.products["CYCLES"]
        gap = cell.time.seconds / cell.limit
        of_network = {row.baseline: row for row in baselines[cell.network]}
        speedups = {name: cell.speedup(of_network[name])[0] for name in SPEEDUPS}
        rows.append(
            (
                published(cell.network).title,
                MIXES[cell.mix].title,
                f"{busy:.0%}{_star(busy >= BUSY)}",
                f"{gap:.2f}{_star(gap <= TO_THE_LIMIT)}",
                *(f"{speedups[name]:.2f}{_star(speedups[name] >= SPEEDUPS[name])}" for name in SPEEDUPS),
                f"{worst}: {steps[worst]:,} cycles",
                f"{gap * (total - steps[worst]) / total:.2f}",
            )
        )
    head: tuple[str, ...] = ("network", "formats", f"products' cycles busy: {BUSY:.0%}")
    head += (f"to the limit: {TO_THE_LIMIT:.2f}", f"times PyTorch: {SPEEDUPS['eager']:g}")
    head += (f"times TensorRT: {SPEEDUPS['tensorrt']:g}", f"times W8A8: {SPEEDUPS['w8a8']:g}")
    head += ("most in the way", "to the limit without it")
    title = f"Goals, {cells[0].time.build.title}: * is reached"
    return Table(title=title, head=head, rows=rows, texts=2)


def _star(reached: bool) -> str:
    return " *" if reached else ""
