"""The demo's picture: digits with their predictions, accuracy beside cost."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mixdit.demo.figures import Figures
from mixdit.demo.network import Digits

__all__ = ["draw"]

RIGHT, WRONG = "#1b7f4b", "#c0392b"
BAR, INK, FAINT = "#2f6db3", "#222222", "#9aa0a6"
GALLERY = (6, 8)
"""Rows and columns of digits shown."""


def draw(
    path: Path,
    digits: Digits,
    predictions: Mapping[str, NDArray[np.int64]],
    results: Sequence[Figures],
    array: str,
) -> None:
    """Write the picture as PNG.

    Parameters
    ----------
    path:
        The file.
    digits:
        The held-out half.
    predictions:
        For each plan its digits, int64 ``[n]``.
    results:
        The float32 figures, then those of each plan.
    array:
        The array's size, for the title.
    """
    figure = Figure(figsize=(13, 7.2), facecolor="white")
    FigureCanvasAgg(figure)
    left, right = figure.subfigures(1, 2, width_ratios=(1.15, 1))
    _gallery(left, digits, predictions)
    _charts(right, results)
    figure.suptitle(
        f"{len(digits.labels)} held-out digits on a simulated {array} array",
        x=0.5,
        y=0.985,
        fontsize=15,
        color=INK,
    )
    figure.savefig(path, dpi=130)


def _gallery(figure, digits: Digits, predictions: Mapping[str, NDArray[np.int64]]) -> None:
    """Some digits: first those on which most plans fail, then some on which none does."""
    guesses = np.stack(list(predictions.values()))
    wrong = (guesses != digits.labels).sum(axis=0)
    count = GALLERY[0] * GALLERY[1]
    hard = np.argsort(-wrong, kind="stable")[: count // 2]
    easy = np.flatnonzero(wrong == 0)[: count - len(hard)]
    axes = figure.subplots(*GALLERY)
    figure.subplots_adjust(left=0.03, right=0.97, top=0.83, bottom=0.05, wspace=0.25, hspace=0.55)
    for axis, index in zip(axes.flat, (*hard, *easy), strict=True):
        axis.imshow(16 - digits.images[index], cmap="gray", vmin=0, vmax=16, interpolation="nearest")
        axis.set(xticks=[], yticks=[])
        for spine in axis.spines.values():
            spine.set(color=WRONG if wrong[index] else RIGHT, linewidth=1.4)
        for i, guess in enumerate(guesses[:, index]):
            axis.text(
                (i + 0.5) / len(guesses),
                -0.07,
                str(guess),
                transform=axis.transAxes,
                ha="center",
                va="top",
                fontsize=10,
                fontweight="bold",
                color=RIGHT if guess == digits.labels[index] else WRONG,
            )
    figure.text(
        0.03,
        0.925,
        f"Under each image what {', '.join(predictions)} make of it, in red if wrong.\n"
        "Upper half: the hardest ones. Lower half: ordinary ones.",
        fontsize=10,
        color=INK,
        va="top",
    )


def _charts(figure, results: Sequence[Figures]) -> None:
    """Errors, noise and cost of each plan."""
    reference, *plans = results
    axes = figure.subplots(3, 1)
    figure.subplots_adjust(left=0.08, right=0.96, top=0.88, bottom=0.06, hspace=0.5)
    cycles = [f"{r.cycles:,} cycles\n{r.utilization:.1%} busy" for r in plans]
    charts = (
        ("Wrong digits", [1 - r.accuracy for r in plans], [f"{1 - r.accuracy:.1%}" for r in plans]),
        ("Signal to noise of the outputs", [r.snr_db for r in plans], [f"{r.snr_db:.0f} dB" for r in plans]),
        ("Clock cycles, and share of them in which the array multiplies", [r.cycles for r in plans], cycles),
    )
    for axis, (title, values, labels) in zip(axes, charts, strict=True):
        bars = axis.bar([r.plan for r in plans], values, color=BAR, width=0.44)
        axis.bar_label(bars, labels, padding=3, fontsize=9, color=INK)
        axis.set_title(title, loc="left", fontsize=11, color=INK)
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.set_yticks([])
        axis.tick_params(axis="x", length=0, labelsize=10)
        axis.set_ylim(0, max(values) * 1.35)
    error = 1 - reference.accuracy
    axes[0].axhline(error, color=FAINT, linestyle="--", linewidth=1.2)
    axes[0].text(0.5, error, f"float32 {error:.1%}", fontsize=8, color=INK, ha="center", va="bottom")
