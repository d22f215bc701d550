"""Figures that look alike."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gen.files import replacing

__all__ = ["COLOURS", "new_figure", "save", "tidy"]

COLOURS = ("#2f6db3", "#c0392b", "#1b7f4b", "#b8860b", "#7d3c98", "#5f6a6a")


def new_figure(width: float, height: float) -> Figure:
    """A figure of ``width`` x ``height`` inches that needs no display."""
    figure = Figure(figsize=(width, height), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def tidy(axis: Axes, title: str) -> None:
    """Title at the left, no box."""
    axis.set_title(title, loc="left", fontsize=10)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8)


def save(figure: Figure, path: Path) -> Path:
    """Write as PNG."""
    with replacing(path) as new:
        figure.savefig(new, dpi=110)
    return path
