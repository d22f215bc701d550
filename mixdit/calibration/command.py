"""``mixdit calibrate``."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from golden.formats import FORMATS, STREAM_FORMATS
from mixdit.require import require

__all__ = ["command"]

require("torch", "diffusers", "transformers", "safetensors")

_NAMES = ", ".join(fmt.name for fmt in STREAM_FORMATS)


def command(
    model: Annotated[str, typer.Option(help="Folder of a pipeline, or its name on the Hugging Face Hub.")],
    pipeline: Annotated[str, typer.Option(help="Its architecture: dit, pixart or sd3.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")] = Path("build/plan"),
    prompts: Annotated[
        Path | None, typer.Option(help="Text file with a prompt per line, to calibrate with (pixart, sd3).")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="Class labels to calibrate with, such as 207,360,387 (dit).")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Denoising steps of each image.")] = 20,
    guidance: Annotated[
        float | None, typer.Option(min=0, help="Guidance scale.", show_default="the pipeline's")
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=8, help="Side of the images in pixels.", show_default="the model's")
    ] = None,
    linear_share: Annotated[
        float, typer.Option(min=0, max=1, help="Most of the linear layers' activations in --high.")
    ] = 0.05,
    attention_share: Annotated[
        float, typer.Option(min=0, max=1, help="Most of the attention's operands in --high.")
    ] = 0.20,
    choice: Annotated[
        str, typer.Option(help="What makes an outlier: magnitude, sensitivity or random.")
    ] = "magnitude",
    reorder: Annotated[bool, typer.Option(help="Put outlier channels into blocks together.")] = True,
    exchanges: Annotated[
        int, typer.Option(min=0, help="Rounds of a search for better blocks of channels; try 1000.")
    ] = 0,
    cover: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Spend the shares only until this part of what --high can gain is gained."
        ),
    ] = 1.0,
    timestep_groups: Annotated[int, typer.Option(min=1, help="Ranges of timesteps, each with a plan.")] = 1,
    weight: Annotated[str, typer.Option(help=f"Format of the weights: {_NAMES}.")] = "MX6",
    high: Annotated[str, typer.Option(help=f"Format of the outliers: {_NAMES}.")] = "MX9",
    low: Annotated[str, typer.Option(help=f"Format of the other activations: {_NAMES}.")] = "MX6",
    tokens: Annotated[int, typer.Option(min=1, help="Random tokens looked at, per pass and layer.")] = 256,
    dtype: Annotated[
        str, typer.Option(help="Type the model runs in: float32, bfloat16 or float16.")
    ] = "float32",
    device: Annotated[str, typer.Option(help="Where it runs: cpu, cuda, or auto.")] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Seed of noise and of the tokens looked at.")] = 0,
    restart: Annotated[bool, typer.Option(help="Forget what an interrupted calibration has seen.")] = False,
    preview: Annotated[
        bool, typer.Option(help="Sample the first image with and without the plan, and draw both.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Plan the precision of a diffusion transformer and pack its weights."""
    from mixdit.calibration.job import Job, run_job
    from mixdit.calibration.pipelines import KINDS
    from mixdit.calibration.settings import CHOICES, Settings

    kind = _one_of("--pipeline", pipeline, KINDS)
    try:
        settings = Settings(
            linear_share=linear_share,
            attention_share=attention_share,
            weight=_one_of("--weight", weight, FORMATS),
            high=_one_of("--high", high, FORMATS),
            low=_one_of("--low", low, FORMATS),
            choice=_one_of("--choice", choice, {name: name for name in CHOICES}),
            reorder=reorder,
            exchanges=exchanges,
            cover=cover,
            timestep_groups=timestep_groups,
            tokens=tokens,
            seed=seed,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    job = Job(
        model=model,
        kind=kind,
        items=_items(kind.takes, prompts, labels),
        output=output,
        settings=settings,
        steps=steps,
        guidance=guidance,
        size=size,
        dtype=_dtype(dtype),
        device=_device(device),
        restart=restart,
        preview=preview,
    )
    figures = run_job(job)
    if as_json:
        print(json.dumps(figures, indent=2))
    else:
        _print_table(figures)


def _one_of(option: str, name: str, allowed: Any) -> Any:
    if name not in allowed:
        raise typer.BadParameter(f"{option} must be one of {', '.join(allowed)}, not {name!r}")
    return allowed[name]


def _items(takes: str, prompts: Path | None, labels: str | None) -> tuple[int | str, ...]:
    """What to sample, from the one option that the architecture takes."""
    if takes == "class_labels":
        if prompts is not None:
            raise typer.BadParameter("--prompts is for pixart and sd3: dit takes --labels")
        try:
            found: tuple[int | str, ...] = tuple(
                int(label) for label in (labels or "0,100,200,300,400,500,600,700,800,900").split(",")
            )
        except ValueError as error:
            raise typer.BadParameter(
                f"--labels must be integers with commas between them, not {labels!r}"
            ) from error
        return found
    if labels is not None:
        raise typer.BadParameter("--labels is for dit: pixart and sd3 take --prompts")
    if prompts is None:
        raise typer.BadParameter("--prompts FILE is needed: a text file with a prompt per line")
    if not prompts.is_file():
        raise typer.BadParameter(f"--prompts must be a text file, not {str(prompts)!r}")
    try:
        lines = tuple(line.strip() for line in prompts.read_text().splitlines() if line.strip())
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"--prompts must be a text file, and {prompts} is not") from error
    if not lines:
        raise typer.BadParameter(f"--prompts must hold at least 1 prompt, and {prompts} holds none")
    return lines


def _dtype(name: str) -> Any:
    import torch

    types = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    return _one_of("--dtype", name, types)


def _device(name: str) -> str:
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name not in ("cpu", "cuda"):
        raise typer.BadParameter(f"--device must be one of cpu, cuda, auto, not {name!r}")
    if name == "cuda" and not torch.cuda.is_available():
        raise typer.BadParameter("--device cuda: this machine has no usable NVIDIA GPU")
    return name


def _print_table(figures: dict[str, Any]) -> None:
    table = Table(title=f"{figures['model']}: activations in {figures['high']}")
    table.add_column("layer")
    table.add_column("in the model", justify="right")
    table.add_column("with outliers", justify="right")
    table.add_column("share", justify="right")
    for row in figures["layers"]:
        table.add_row(row["layer"], str(row["count"]), str(row["with_outliers"]), f"{row['share']:.1%}")
    for name, share in (("all linear layers", "mx9_linear"), ("all attention", "mx9_attention")):
        table.add_section()
        table.add_row(name, "", "", f"{figures[share]:.1%}")
    console = Console()
    console.print(table)
    for path in figures["files"]:
        console.print(path, soft_wrap=True, highlight=False)
