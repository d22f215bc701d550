"""Options that commands on pipelines of diffusers share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = [
    "Changes",
    "Cost",
    "Guidance",
    "Labels",
    "Model",
    "Pipeline",
    "Prompts",
    "Size",
    "Steps",
    "device_of",
    "items_of",
    "named_values",
]

Model = Annotated[str, typer.Option(help="Folder of a pipeline, or its name on the Hugging Face Hub.")]
Pipeline = Annotated[Literal["dit", "pixart", "sd3", "latte"], typer.Option(help="Its architecture.")]
Prompts = Annotated[
    Path | None, typer.Option(help="Text file with a prompt per line, taken in turn (pixart, sd3, latte).")
]
Labels = Annotated[str | None, typer.Option(help="Class labels, taken in turn, such as 207,360,387 (dit).")]
Steps = Annotated[int, typer.Option(min=1, help="Denoising steps of each image.")]
Guidance = Annotated[float | None, typer.Option(min=0, help="Guidance scale.", show_default="the pipeline's")]
Size = Annotated[
    int | None, typer.Option(min=8, help="Side of the images in pixels.", show_default="the model's")
]

Cost = Annotated[
    str, typer.Option(help="What latency counts: passes, or cycles of an engine by the cycle model.")
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A parameter of that engine; several allowed."),
]


def items_of(takes: str, prompts: Path | None, labels: str | None) -> tuple[int | str, ...]:
    """What to sample, from the one option that the architecture takes; BadParameter for any other."""
    if takes == "class_labels":
        labels = "0,100,200,300,400,500,600,700,800,900" if labels is None else labels
        if prompts is not None:
            raise typer.BadParameter("--prompts is for pixart, sd3 and latte: dit takes --labels")
        try:
            found: tuple[int | str, ...] = tuple(int(label) for label in labels.split(","))
        except ValueError as error:
            raise typer.BadParameter(
                f"--labels must be integers with commas between them, not {labels!r}"
            ) from error
        return found
    if labels is not None:
        raise typer.BadParameter("--labels is for dit: pixart, sd3 and latte take --prompts")
    if prompts is None:
        raise typer.BadParameter("--prompts FILE is needed: a text file with a prompt per line")
    if not prompts.is_file():
        raise typer.BadParameter(f"--prompts must be a text file, not {str(prompts)!r}")
    try:
        lines = tuple(line.strip() for line in prompts.read_text("utf-8-sig").splitlines() if line.strip())
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"--prompts must be a text file in UTF-8, and {prompts} is not") from error
    if not lines:
        raise typer.BadParameter(f"--prompts must hold at least 1 prompt, and {prompts} holds none")
    return lines


def device_of(name: str) -> str:
    """The device that ``auto`` stands for, or the one named; BadParameter if it is not there."""
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise typer.BadParameter("--device cuda: this machine has no usable NVIDIA GPU")
    return name


def named_values(changes: Sequence[str]) -> dict[str, int]:
    """NAME=VALUE, as options give them, by name; ValueError for anything else."""
    found = {}
    for change in changes:
        name, _, value = change.partition("=")
        try:
            found[name] = int(value)
        except ValueError as error:
            raise ValueError(
                f"--set must be NAME=VALUE, such as stationary_tiles=32, not {change!r}"
            ) from error
    return found
