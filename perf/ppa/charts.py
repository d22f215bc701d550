"""The report's pictures."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot as plt

from gen.synth.result import Result
from perf.ppa.standard import ARRAYS, TITLES

__all__ = ["draw_charts"]

PLAIN, TRIMMED, BASELINE = "#9db7d5", "#2f6690", "#b0a090"
MODE_COLORS = ("#2f6690", "#81a4cd", "#c9d6e8")
PART_COLORS = ("#2f6690", "#81a4cd", "#3a7d44", "#9dc08b", "#d9a441", "#b56576", "#8d8d8d", "#cccccc")


def draw_charts(results: Mapping[str, Result], folder: Path) -> None:
    """Write the files of ``report.CHARTS`` into ``folder``."""
    matplotlib.use("Agg")
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    _efficiency(results, folder / "efficiency.png")
    _fmax(results, folder / "fmax.png")
    _area(results, folder / "area.png")


def _efficiency(results: Mapping[str, Result], path: Path) -> None:
    rates = {n: r.mac_per_s_per_lut(r.trimmed) for n, r in results.items()}
    rates = {name: rate for name, rate in rates.items() if rate}
    modes = sorted({mode for rate in rates.values() for mode in rate})
    figure, axes = plt.subplots(figsize=(8, 0.6 + 0.55 * len(rates)), layout="constrained")
    rows = np.arange(len(rates))
    for i, (mode, color) in enumerate(zip(modes, MODE_COLORS, strict=False)):
        values = [rate.get(mode, 0) / 1e6 for rate in rates.values()]
        bars = axes.barh(rows + (i - 1) * 0.27, values, 0.25, color=color, label=_mode(mode))
        axes.bar_label(bars, [f"{value:.2f}" if value else "" for value in values], padding=2, fontsize=7)
    axes.set_yticks(rows, [TITLES[name] for name in rates])
    axes.invert_yaxis()
    axes.set_xlabel("million multiply-accumulates per second and LUT4 (ECP5, chain ends trimmed)")
    axes.margins(x=0.08)
    figure.legend(frameon=False, loc="outside upper center", ncols=3)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _mode(mode: str) -> str:
    return mode.upper().replace("X6XM", "X6 x M").replace("X9XM", "X9 x M")


def _fmax(results: Mapping[str, Result], path: Path) -> None:
    shown = {n: r for n, r in results.items() if r.trimmed and r.trimmed.fmax_mhz}
    figure, axes = plt.subplots(figsize=(8, 0.6 + 0.45 * len(shown)), layout="constrained")
    rows = np.arange(len(shown))
    for offset, color, label in ((-0.19, PLAIN, "plain"), (0.19, TRIMMED, "chain ends trimmed")):
        timings = [r.plain if label == "plain" else r.trimmed for r in shown.values()]
        placed = [(row, t) for row, t in zip(rows, timings, strict=True) if t]
        seeds = [[p.fmax_mhz for p in t.seeds.values()] for _, t in placed]
        median = [t.fmax_mhz for _, t in placed]
        errors = [[m - min(s) for m, s in zip(median, seeds, strict=True)]]
        errors.append([max(s) - m for m, s in zip(median, seeds, strict=True)])
        places = np.array([row for row, _ in placed]) + offset
        axes.barh(places, median, 0.36, color=color, label=label, xerr=errors, ecolor="#555555")
        for place, value, top in zip(places, median, map(max, seeds), strict=True):
            _note(axes, value, top, place)
    axes.set_yticks(rows, [TITLES[name] for name in shown])
    axes.invert_yaxis()
    axes.set_xlabel("Fmax in MHz on ECP5, median and range over the seeds")
    axes.margins(x=0.08)
    figure.legend(frameon=False, loc="outside upper center", ncols=2)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _area(results: Mapping[str, Result], path: Path) -> None:
    arrays = {name: results[name] for name in ARRAYS if name in results and results[name].parts}
    totals: dict[str, int] = {}
    for result in arrays.values():
        for part in result.parts:
            totals[part.name] = totals.get(part.name, 0) + part.area.lut
    names = sorted(totals, key=lambda name: -totals[name])
    named, other = names[: len(PART_COLORS) - 1], names[len(PART_COLORS) - 1 :]
    figure, axes = plt.subplots(figsize=(8, 1.2 + 0.6 * len(arrays)), layout="constrained")
    left = np.zeros(len(arrays))
    groups = {**{name: [name] for name in named}, **({"other": other} if other else {})}
    for (label, group), color in zip(groups.items(), PART_COLORS, strict=False):
        values = np.array(
            [
                sum(part.area.lut for part in result.parts if part.name in group) / result.macs
                for result in arrays.values()
            ]
        )
        axes.barh(list(map(TITLES.get, arrays)), values, 0.6, left=left, color=color, label=_part(label))
        left += values
    for row, total in enumerate(left):
        _note(axes, total, total, row)
    axes.invert_yaxis()
    axes.set_xlabel("LUT4 per multiply-accumulate, modules counted apart")
    figure.legend(frameon=False, loc="outside upper center", ncols=4)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _note(axes, value: float, x: float, y: float) -> None:
    axes.annotate(f"{value:.0f}", (x, y), (4, -3), textcoords="offset points", fontsize=8)


def _part(name: str) -> str:
    return {"pe": "elements"}.get(short := name.removeprefix("mx_array_"), short.replace("_", " "))
