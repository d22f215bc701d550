"""A picture of an exploration: time against look-up tables."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from gen.files import replacing
from perf.explore.figures import Figures, front
from perf.explore.report import groups, label_of

__all__ = ["draw"]

INSIDE, OUTSIDE, FRONT = "#81a4cd", "#cccccc", "#2f6690"
COLUMNS = 2


def draw(figures: Sequence[Figures], names: Sequence[str], path: Path) -> bool:
    """Write a picture, designs labelled by these parameters; False if no size is known, and there is none."""
    shown = [(title, group) for title, group in groups(f for f in figures if f.lut is not None)]
    if not shown:
        return False
    columns = min(COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(6.5 * columns, 4.5 * rows), layout="constrained")
    for place, (title, group) in enumerate(shown, 1):
        _draw_group(figure.add_subplot(rows, columns, place), title, group, names)
    with replacing(path) as new:
        figure.savefig(new, dpi=150, format="png")
    return True


def _draw_group(axes: Axes, title: str, group: Sequence[Figures], names: Sequence[str]) -> None:
    best = front(group)
    for color, label, some in (
        (OUTSIDE, "outside limits", [f for f in group if f.exceeded]),
        (INSIDE, "within limits", [f for f in group if not f.exceeded]),
    ):
        if some:
            axes.scatter([f.lut or 0 for f in some], [f.seconds for f in some], 18, color, label=label)
    if best:
        axes.plot(
            [f.lut or 0 for f in best], [f.seconds for f in best], "o-", color=FRONT, label="Pareto front"
        )
    for f in {(f.lut, f.seconds): f for f in reversed(best)}.values():  # the first of those in one place
        axes.annotate(
            label_of(f, names),
            (f.lut or 0, f.seconds),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize=7,
        )
    axes.set(xscale="log", yscale="log", title=title, xlabel="look-up tables", ylabel="time")
    for axis, unit in ((axes.xaxis, ""), (axes.yaxis, "s")):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(EngFormatter(unit))
        axis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize=8)
