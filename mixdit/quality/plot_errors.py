"""Where errors come from: by timestep, by layer."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mixdit.quality.figure import COLOURS, new_figure, save, tidy
from mixdit.quality.row import Row

__all__ = ["plot_layers", "plot_timesteps"]


def plot_timesteps(path: Path, title: str, rows: Sequence[Row]) -> Path:
    """SQNR of predicted noise over the timesteps, a line for each variant."""
    figure = new_figure(8, 5)
    axis = figure.subplots()
    styles = ("-", "--", ":", "-.")
    for i, row in enumerate(row for row in rows if row.sqnr_db is not None):
        style = styles[i // len(COLOURS) % len(styles)]
        axis.plot(
            list(row.sqnr_by_timestep),
            list(row.sqnr_by_timestep.values()),
            color=COLOURS[i % len(COLOURS)],
            linestyle=style,
            label=row.variant,
        )
    axis.invert_xaxis()
    axis.set(xlabel="timestep, from noise to image", ylabel="SQNR of predicted noise (dB)")
    axis.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    tidy(axis, title)
    return save(figure, path)


def plot_layers(path: Path, title: str, sqnr: Mapping[str, Mapping[str, float]]) -> Path:
    """SQNR of predicted noise when a single layer is quantized: ``sqnr[format][layer]`` in dB."""
    layers = list(next(iter(sqnr.values())))
    figure = new_figure(3 + 0.36 * len(layers), 4.4)
    axis = figure.subplots()
    width = 0.8 / len(sqnr)
    for i, (name, values) in enumerate(sqnr.items()):
        places = [j + (i - (len(sqnr) - 1) / 2) * width for j in range(len(layers))]
        axis.bar(places, [values[layer] for layer in layers], width, color=COLOURS[i], label=name)
    axis.set_xticks(range(len(layers)), layers, rotation=60, ha="right", fontsize=7)
    axis.set_ylabel("SQNR of predicted noise (dB)")
    axis.legend(fontsize=8, frameon=False, ncols=len(sqnr))
    tidy(axis, title)
    return save(figure, path)
