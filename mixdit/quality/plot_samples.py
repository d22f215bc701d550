"""Sample grids: the same noise through every variant."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from mixdit.quality.figure import new_figure, save

__all__ = ["plot_samples"]

SHOWN = 20


def plot_samples(path: Path, title: str, images: Mapping[str, Tensor]) -> Path:
    """Draw the first images ``[n, 1, side, side]`` of each variant in a line."""
    shown = min(SHOWN, *(len(x) for x in images.values()))
    figure = new_figure(2.2 + 0.42 * shown, 0.8 + 0.46 * len(images))
    for axis, (name, x) in zip(
        figure.subplots(len(images), squeeze=False)[:, 0], images.items(), strict=True
    ):
        axis.imshow(
            -x[:shown, 0].permute(1, 0, 2).flatten(1).numpy(), cmap="gray", vmin=-1, vmax=1, aspect="equal"
        )
        axis.set(xticks=[], yticks=[])
        axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        axis.spines[:].set_visible(False)
        side = x.shape[-1]
        for i in range(1, shown):
            axis.axvline(side * i - 0.5, color="white", linewidth=2)
    figure.suptitle(title, fontsize=11)
    return save(figure, path)
