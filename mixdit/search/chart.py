"""A front of plans as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["draw_front"]


def draw_front(rows: Sequence[Mapping[str, Any]], unit: str, path: Path) -> None:
    """Draw SQNR over latency, which is counted in ``unit``, as PNG."""
    from mixdit.quality.figure import COLOURS, new_figure, save, tidy

    figure = new_figure(6.4, 4.0)
    axes = figure.subplots()
    latencies = [row["latency"] for row in rows]
    axes.plot(latencies, [row["sqnr_db"] for row in rows], "o-", color=COLOURS[0], markersize=4)
    for row in rows:
        name = Path(row["plan"]).stem.removeprefix("plan-")
        place = (row["latency"], row["sqnr_db"])
        axes.annotate(name, place, (4, -9), textcoords="offset points", fontsize=7)
    axes.set_xlabel(f"latency: {unit} times all activations in MX6", fontsize=9)
    axes.set_ylabel("estimated SQNR of the output in dB", fontsize=9)
    axes.grid(color="#dddddd", linewidth=0.6)
    tidy(axes, "plans, none of which is slower than another and no better")
    save(figure, path)
