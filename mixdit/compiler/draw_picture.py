"""The picture of ``mixdit draw``: a digit on its way from noise, in floating point and on the engine."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from mixdit.quality.figure import new_figure, save

__all__ = ["draw"]

COLUMNS = 6
"""Steps shown at most, the last one and the noise among them."""


def draw(path: Path, title: str, images: Mapping[str, Tensor]) -> Path:
    """Write as PNG; float32 ``[steps + 1, side, side]`` for each line, noise first."""
    steps = len(next(iter(images.values()))) - 1
    count = min(COLUMNS, steps + 1)
    shown = [round(i * steps / (count - 1)) for i in range(count)]
    figure = new_figure(1.1 * count + 0.7, 2.75)
    axes = figure.subplots(len(images), count, squeeze=False)
    for line, (name, x) in zip(axes, images.items(), strict=True):
        line[0].set_ylabel(name, fontsize=10)
        for axis, step in zip(line, shown, strict=True):
            axis.imshow(-x[step].numpy(), cmap="gray", vmin=-1, vmax=1)
            axis.set(xticks=[], yticks=[])
    for axis, step in zip(axes[0], shown, strict=True):
        axis.set_title(f"step {step}" if step else "noise", fontsize=9)
    figure.suptitle(title, fontsize=10)
    return save(figure, path)
