"""What goes into each layer: distributions over timesteps, and which channels are outliers."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from mixdit.quality.figure import COLOURS, new_figure, save, tidy
from mixdit.rivals.statistics import Ranges

__all__ = ["plot_distributions", "plot_outliers"]

COLUMNS = 5
QUANTILES = {"largest channel": 1.0, "95% of channels below": 0.95, "median channel": 0.5}


def _axes(count: int, title: str, height: float) -> tuple:
    rows = math.ceil(count / COLUMNS)
    figure = new_figure(3.1 * COLUMNS, height * rows + 0.6)
    figure.suptitle(title, fontsize=12)
    axes: list[Axes] = list(figure.subplots(rows, COLUMNS, squeeze=False).flat)
    for axis in axes[count:]:
        axis.set_visible(False)
    return figure, axes[:count]


def plot_distributions(
    path: Path, title: str, ranges: Mapping[str, Ranges], timesteps: Sequence[int]
) -> Path:
    """Largest magnitude of a layer's input channels over the timesteps: some quantiles."""
    figure, axes = _axes(len(ranges), title, 2.1)
    for axis, (name, layer) in zip(axes, ranges.items(), strict=True):
        for colour, (label, quantile) in zip(COLOURS, QUANTILES.items(), strict=False):
            axis.plot(timesteps, layer.largest.quantile(quantile, dim=1), color=colour, label=label)
        axis.set_yscale("log")
        axis.invert_xaxis()
        tidy(axis, name)
    axes[0].legend(fontsize=7, frameon=False)
    figure.supxlabel("timestep, from noise to image", fontsize=9)
    figure.supylabel("largest magnitude", fontsize=9)
    return save(figure, path)


def plot_outliers(path: Path, title: str, ranges: Mapping[str, Ranges], timesteps: Sequence[int]) -> Path:
    """Largest magnitude of every channel at every timestep, relative to the layer's median."""
    figure, axes = _axes(len(ranges), title, 1.9)
    for axis, (name, layer) in zip(axes, ranges.items(), strict=True):
        relative = (layer.largest / layer.largest.median()).log2().clamp(-5, 5).numpy()
        image = axis.imshow(relative, aspect="auto", cmap="RdBu_r", vmin=-5, vmax=5, interpolation="nearest")
        marked = np.linspace(0, len(timesteps) - 1, 3).astype(int)
        axis.set_yticks(marked, [str(timesteps[i]) for i in marked])
        tidy(axis, name)
    figure.supxlabel("channel", fontsize=9)
    figure.supylabel("timestep", fontsize=9)
    figure.colorbar(image, ax=axes, label="log2 of magnitude over the layer's median", shrink=0.6)
    return save(figure, path)
