"""The comparison as pictures."""

from collections.abc import Sequence

from perf.rtx3090.baselines import BASELINES
from perf.speedup.comparison import Cell, Comparison
from perf.speedup.mixes import MIXES
from perf.speedup.svg import PALETTE, Drawing, LogAxis
from perf.speedup.waterfall import waterfall
from perf.workloads.models import published

__all__ = ["speedup_chart", "waterfall_chart"]

COMPARED = ("eager", "flash", "tensorrt", "w8a8", "tensorrt-int8", "roofline-int8")
"""Baselines of the chart of speedups."""

_LEAST, _MOST = 1 / 16, 8.0
"""Ends of that chart."""

_WIDTH, _ROW = 1080, 24

LIMIT, PRODUCTS, WAITS, ROWS = "#2f6690", "#81a4cd", "#d9a441", "#b56576"
"""Colours of a waterfall: the limit, more multiplying, waiting, jobs of rows."""

_COLORS = {"limit": LIMIT, "row jobs": ROWS} | dict.fromkeys(
    ("fill", "drain", "unpacking", "reads", "writes"), WAITS
)


def speedup_chart(network: str, comparison: Comparison) -> Drawing | None:
    """How many times as long baselines take as each engine; those beyond its ends are in the table alone.

    None without an engine to show.
    """
    rows = [row for row in comparison.baselines[network] if row.baseline in COMPARED]
    cells = [
        c for c in comparison.cells_of(network=network) if any(c.speedup(row)[1] >= _LEAST for row in rows)
    ]
    if not cells:
        return None
    left, top = 210, 58
    bottom = top + _ROW * len(cells)
    title = f"{published(network).title}: times that an RTX 3090 takes as long as an engine"
    found = Drawing(width=_WIDTH, height=bottom + 40, title=title)
    axis = LogAxis(least=_LEAST, most=_MOST, start=left, end=_WIDTH - 20)
    for n, row in enumerate(rows):
        x, y = left + 285 * (n % 3), 18 + 18 * (n // 3)
        found.mark(x, y - 4, PALETTE[n], n)
        found.text(x + 10, y, f"{BASELINES[row.baseline]} ({row.step.status})")
    for value in (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8):
        one, words = value == 1, f"{value:g}" if value >= 1 else f"1/{1 / value:g}"
        found.line(axis(value), top - 4, axis(value), bottom, color="#555555" if one else "#dddddd")
        found.text(axis(value), bottom + 18, words, anchor="middle")
    found.text(axis(0.98), bottom + 34, "GPU faster", anchor="end")
    found.text(axis(1.02), bottom + 34, "engine faster")
    for n, cell in enumerate(cells):
        y = int(top + _ROW * (n + 0.5))
        found.text(left - 12, y + 4, f"{cell.time.build.title}, {MIXES[cell.mix].title}", anchor="end")
        for of, row in enumerate(rows):
            speedup = cell.speedup(row)
            words = " to ".join(f"{each:.2f}" for each in dict.fromkeys(speedup))
            least, most = (min(max(each, _LEAST), _MOST) for each in speedup)
            if most > least:
                found.line(axis(least), y, axis(most), y, color=PALETTE[of], wide=4)
            found.mark(axis((least * most) ** 0.5), y, PALETTE[of], of, f"{BASELINES[row.baseline]}: {words}")
    return found


def waterfall_chart(cells: Sequence[Cell]) -> Drawing:
    """Where the milliseconds of a step go on one build, a panel for each mix of formats."""
    build, left, top = cells[0].time.build, 92, 44
    wide = (_WIDTH - left) / len(cells)
    falls = [waterfall(cell) for cell in cells]
    steps = [step for step in falls[0] if any(fall[step] for fall in falls)]
    bottom = top + 21 * (len(steps) + 1)
    title = f"{published(cells[0].network).title} on {build.title}: where the time of a step goes"
    found = Drawing(width=_WIDTH, height=bottom + 10, title=title)
    for n, step in enumerate((*steps, "all")):
        found.text(left - 8, top + 21 * n + 14, step, anchor="end", bold=step == "all")
    for panel, (cell, fall) in enumerate(zip(cells, falls, strict=True)):
        start, total = left + panel * wide, sum(fall.values())
        unit = (wide - 58) / max(sum(each.values()) for each in falls)
        found.line(start, top - 4, start, bottom, color="#999999")
        found.text(start + 4, 20, MIXES[cell.mix].title, bold=True)
        found.text(start + 4, 35, f"{1e3 * cell.time.seconds:,.2f} ms, {total:,} cycles", size=11)
        before = 0
        for n, step in enumerate(steps):
            y, after = top + 21 * n, before + fall[step]
            color = _COLORS.get(step, PRODUCTS)
            found.bar(start + unit * before, y + 3, start + unit * after, y + 17, color)
            found.text(start + unit * after + 4, y + 14, f"{fall[step] / total:.1%}", size=10)
            before = after
        y = top + 21 * len(steps)
        found.bar(start, y + 3, start + unit * before, y + 17, LIMIT)
    return found
