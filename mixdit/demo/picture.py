"""The picture of ``mixdit demo``: digits with what each plan sees in them, accuracy beside cost."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.gridspec import GridSpec
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from gen.files import replacing
from mixdit.demo.on_array import Classified

__all__ = ["draw"]

RIGHT, WRONG = "#1b7f4b", "#c0392b"
BAR, MIXED, INK, FAINT = "#9db7d5", "#2f6690", "#222222", "#8d8d8d"
GALLERY = (6, 7)
"""Rows and columns of digits shown."""


def draw(path: Path, found: Classified, array: str) -> None:
    """Write the picture as PNG; ``array`` is the array's size, for the title."""
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08, wspace=0.02, hspace=0.06)
    figure = Figure(figsize=(13, 7.8), facecolor="white", layout=layout)
    title = f"{len(found.digits.labels)} held-out digits on a simulated {array} array"
    figure.suptitle(title, fontsize=15, color=INK)
    halves = GridSpec(1, 2, figure, width_ratios=(1.1, 1))
    _gallery(figure.add_subfigure(halves[0]), found)
    _charts(figure.add_subfigure(halves[1]), found)
    with replacing(path) as new:
        figure.savefig(new, dpi=130)


def _gallery(figure: SubFigure, found: Classified) -> None:
    guesses = np.stack(list(found.guesses.values()))
    figure.suptitle(
        f"Under each digit what {', '.join(found.guesses)} see, in red if wrong.\n"
        "Upper half: digits that some get right and others wrong. Lower half: the first ones.",
        fontsize=10,
        color=INK,
    )
    axes = figure.subplots(*GALLERY)
    for axis, index in zip(axes.flat, _chosen(guesses, found.digits.labels), strict=True):
        axis.imshow(16 - found.digits.images[index], cmap="gray", vmin=0, vmax=16)
        axis.set(xticks=[], yticks=[])
        right = guesses[:, index] == found.digits.labels[index]
        for spine in axis.spines.values():
            spine.set(color=RIGHT if right.all() else WRONG, linewidth=1.4)
        for i, guess in enumerate(guesses[:, index]):
            axis.text(
                (i + 0.5) / len(guesses),
                -0.06,
                str(guess),
                transform=axis.transAxes,
                ha="center",
                va="top",
                fontsize=9,
                fontweight="bold",
                color=RIGHT if right[i] else WRONG,
            )


def _chosen(guesses: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.intp]:
    """First images that some plans get wrong, but not all, in most plans first; then the first images."""
    count = GALLERY[0] * GALLERY[1]
    wrong = (guesses != labels).sum(axis=0)
    telling = np.argsort(-(wrong % len(guesses)), kind="stable")[: count // 2]
    others = np.setdiff1d(np.arange(len(labels)), telling)[: count - len(telling)]
    return np.concatenate([telling, others])


def _charts(figure: SubFigure, found: Classified) -> None:
    """Errors, noise and cost of each plan."""
    plans = found.figures
    errors, snr, cycles = figure.subplots(3, 1)
    names = [f.plan for f in plans]
    _bars(errors, "Wrong digits", names, [1 - f.accuracy for f in plans], "{:.1%}")
    error = 1 - found.accuracy
    errors.axhline(error, color=FAINT, linestyle="--", linewidth=1.2)
    label = f"float64 {error:.1%}"
    errors.text(len(plans) + 0.1, error, label, fontsize=9, color=INK, ha="right", va="top")
    _bars(snr, "Signal to noise of the outputs", names, [f.snr_db for f in plans], "{:.0f} dB")
    costs = [f"{f.cycles:,}\n{f.bits:.1f} bits a value" for f in plans]
    _bars(cycles, "Clock cycles, and storage", names, [f.cycles for f in plans], costs)


def _bars(
    axes: Axes, title: str, names: Sequence[str], values: Sequence[float], labels: str | Sequence[str]
) -> None:
    """A bar for each plan, with a label, or with its value in a format."""
    bars = axes.bar(names, values, color=[MIXED if "+" in name else BAR for name in names], width=0.5)
    texts = [labels.format(value) for value in values] if isinstance(labels, str) else labels
    axes.bar_label(bars, texts, padding=3, fontsize=9, color=INK)
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_yticks([])
    axes.tick_params(axis="x", length=0, labelsize=10)
    axes.set_ylim(0, max(values) * 1.35)
    axes.set_xlim(-0.5, len(names) + 0.1)  # room for a note on the right
