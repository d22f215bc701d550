"""A picture of what a plan does."""

from pathlib import Path
from typing import Any

from torch import nn

from gen.files import replacing
from mixdit.calibration.job import Job

__all__ = ["draw_preview"]


def draw_preview(job: Job, pipeline: Any, quantized: nn.Module, path: Path) -> None:
    """Draw the first image, or the first of a video, in floating point and quantized, from the same noise."""
    from matplotlib.figure import Figure

    original: nn.Module = pipeline.transformer
    before = job.run(pipeline, 0, "np")[0]
    pipeline.transformer = quantized
    after = job.run(pipeline, 0, "np")[0]
    pipeline.transformer = original
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    for axes, image, title in zip(
        figure.subplots(1, 2), (before, after), (str(job.dtype).removeprefix("torch."), "plan"), strict=True
    ):
        axes.imshow(image if job.kind.frames is None else image[0])
        axes.set_title(title)
        axes.axis("off")
    with replacing(path) as new:
        figure.savefig(new, dpi=120)
