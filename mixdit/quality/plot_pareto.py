"""Quality against the share of activations in MX9."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mixdit.quality.figure import COLOURS, new_figure, save, tidy

__all__ = ["ParetoPoint", "plot_pareto"]


@dataclass(frozen=True)
class ParetoPoint:
    """One plan: its realized share of linear activations in MX9, 0 to 1, and its SQNR in dB."""

    share: float
    sqnr_db: float


def plot_pareto(
    path: Path, title: str, curves: Mapping[str, Sequence[ParetoPoint]], levels: Mapping[str, float]
) -> Path:
    """A curve for each way to choose what is in MX9, and horizontal lines for reference."""
    figure = new_figure(7, 4.6)
    axis = figure.subplots()
    for colour, (name, points) in zip(COLOURS, curves.items(), strict=False):
        shares = [100 * point.share for point in points]
        axis.plot(shares, [point.sqnr_db for point in points], marker="o", color=colour, label=name)
    for name, level in levels.items():
        axis.axhline(level, color="#9aa0a6", linestyle="--", linewidth=1)
        axis.text(100, level, name, ha="right", va="bottom", fontsize=8)
    axis.set_xscale("symlog", linthresh=1)
    axis.set_xticks([0, 1, 2, 5, 10, 20, 50, 100], ["0", "1", "2", "5", "10", "20", "50", "100"])
    axis.set(xlim=(-0.1, 130), xlabel="linear activations in MX9 (%)", ylabel="SQNR of predicted noise (dB)")
    axis.legend(fontsize=8, frameon=False)
    tidy(axis, title)
    return save(figure, path)
