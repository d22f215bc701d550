"""The report's pictures; ``python -m perf.ppa.charts`` draws those of docs/ppa again from its report.json."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perf.ppa.publish import FIGURES
from perf.ppa.standard import ARRAYS, PRECISIONS, TITLES

__all__ = ["area", "draw_charts", "efficiency", "fmax"]

Results = Mapping[str, Mapping[str, Any]]
"""Runs by name, as in report.json (``gen.synth.result.Result.to_json``)."""

PLAIN, TRIMMED = "#9db7d5", "#2f6690"
MODE_COLORS = {
    "mx6xmx6": "#2f6690",
    "mx9xmx6": "#81a4cd",
    "mx9xmx9": "#c9d6e8",
    "mxint8": "#3a7d44",
    "bfloat16": "#d9a441",
}
PART_COLORS = ("#2f6690", "#81a4cd", "#3a7d44", "#9dc08b", "#d9a441", "#b56576", "#8d8d8d", "#cccccc")

LABEL_COLUMNS = 42
"""Characters in a line of a row's label: longer ones would leave no room for the bars."""


def draw_charts(results: Results, folder: Path) -> None:
    """Write the files of ``report.CHARTS`` into ``folder``."""
    for name, chart in {"efficiency": efficiency, "fmax": fmax, "area": area}.items():
        chart(results).savefig(folder / f"{name}.png", dpi=150)


def efficiency(results: Results) -> Figure:
    """Multiply-accumulates per second and LUT, by precision mode."""
    rates = {n: r["mac_per_s_per_lut_trimmed"] for n, r in results.items() if r["mac_per_s_per_lut_trimmed"]}
    figure, axes = _rows(list(rates), inches=0.5)
    for mode, color in MODE_COLORS.items():
        shown = [(row, list(rate)) for row, rate in enumerate(rates.values()) if mode in rate]
        places = [row + (modes.index(mode) - (len(modes) - 1) / 2) * 0.27 for row, modes in shown]
        values = [rate[mode] / 1e6 for rate in rates.values() if mode in rate]
        if values:
            bars = axes.barh(places, values, 0.25, color=color, label=PRECISIONS[mode])
            axes.bar_label(bars, [f"{value:.2f}" for value in values], padding=2, fontsize=7)
    _finish(figure, "million multiply-accumulates per second and LUT4 (ECP5, chain ends trimmed)", columns=3)
    return figure


def fmax(results: Results) -> Figure:
    """Fmax without and with trimmed chain ends, median and range over the seeds."""
    shown = {name: run for name, run in results.items() if run["fmax_mhz_trimmed"]}
    figure, axes = _rows(list(shown), inches=0.42)
    styles = (("", -0.19, PLAIN, "plain"), ("_trimmed", 0.19, TRIMMED, "chain ends trimmed"))
    for suffix, offset, color, label in styles:
        placed = [(row, run) for row, run in enumerate(shown.values()) if run[f"fmax_mhz{suffix}"]]
        median = np.array([run[f"fmax_mhz{suffix}"] for _, run in placed])
        seeds = [list(run[f"fmax_mhz_by_seed{suffix}"].values()) for _, run in placed]
        low, high = np.array(list(map(min, seeds))), np.array(list(map(max, seeds)))
        places = np.array([row for row, _ in placed]) + offset
        errors = [median - low, high - median]
        axes.barh(places, median, 0.36, color=color, label=label, xerr=errors, ecolor="#555555")
        for place, value, top in zip(places, median, high, strict=True):
            _note(axes, value, top, place)
    _finish(figure, "Fmax in MHz on ECP5, median and range over the seeds", columns=2)
    return figure


def area(results: Results) -> Figure:
    """LUTs of each part of an array per multiply-accumulate and cycle."""
    arrays = {name: results[name] for name in ARRAYS if name in results and results[name]["parts"]}
    totals: dict[str, int] = {}
    for run in arrays.values():
        for part, count in run["parts"].items():
            totals[part] = totals.get(part, 0) + count["lut"]
    names = sorted(totals, key=lambda name: -totals[name])
    named, other = names[: len(PART_COLORS) - 1], names[len(PART_COLORS) - 1 :]
    groups = {**{_part(name): [name] for name in named}, **({"other": other} if other else {})}
    figure, axes = _rows(list(arrays), inches=0.6)
    left = np.zeros(len(arrays))
    for (label, group), color in zip(groups.items(), PART_COLORS, strict=False):
        values = np.array([_luts_per_mac(run, group) for run in arrays.values()])
        axes.barh(np.arange(len(arrays)), values, 0.6, left=left, color=color, label=label)
        left += values
    for row, total in enumerate(left):
        _note(axes, total, total, row)
    _finish(figure, "LUT4 per multiply-accumulate, modules counted apart", columns=4)
    return figure


def _rows(names: Sequence[str], *, inches: float) -> tuple[Figure, Axes]:
    """A figure with a labelled row of so many inches for each run, the first one on top."""
    figure = Figure(figsize=(8, 0.9 + inches * len(names)), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
    axes.set_yticks(range(len(names)), [fill(TITLES[name], LABEL_COLUMNS) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.margins(x=0.08)
    return figure, axes


def _finish(figure: Figure, quantity: str, *, columns: int) -> None:
    """Legend above, and what the bars measure below, both as wide as the figure: axes can be narrow."""
    figure.legend(frameon=False, loc="outside upper center", ncols=columns, fontsize=9)
    figure.supxlabel(quantity, fontsize=9)


def _note(axes: Axes, value: float, x: float, y: float) -> None:
    axes.annotate(f"{value:.0f}", (x, y), (4, -3), textcoords="offset points", fontsize=8)


def _luts_per_mac(run: Mapping[str, Any], parts: Sequence[str]) -> float:
    luts = sum(run["parts"][part]["lut"] for part in parts if part in run["parts"])
    return float(luts / max(run["macs_per_cycle"].values()))


def _part(name: str) -> str:
    return {"pe": "elements"}.get(short := name.removeprefix("mx_array_"), short.replace("_", " "))


if __name__ == "__main__":
    draw_charts(json.loads(FIGURES.read_text()), FIGURES.parent)
