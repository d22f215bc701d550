"""``mixdit calibrate``."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from golden.formats import FORMATS
from mixdit.calibration.costs import PASSES, find_price, unit_of
from mixdit.calibration.options import (
    Changes,
    Cost,
    Guidance,
    Labels,
    Model,
    Pipeline,
    Prompts,
    Size,
    Steps,
    device_of,
    items_of,
    named_values,
)
from mixdit.calibration.settings import Choice, Heads, Rounding
from mixdit.require import require

__all__ = ["command"]

_FormatName = Literal[*FORMATS]


def command(
    model: Model,
    pipeline: Pipeline,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")] = Path("build/plan"),
    prompts: Prompts = None,
    labels: Labels = None,
    steps: Steps = 20,
    guidance: Guidance = None,
    size: Size = None,
    linear_share: Annotated[
        float, typer.Option(min=0, max=1, help="Most of the linear layers' activations in --high.")
    ] = 0.05,
    attention_share: Annotated[
        float, typer.Option(min=0, max=1, help="Most of the attention's operands in --high.")
    ] = 0.20,
    choice: Annotated[Choice, typer.Option(help="What makes an outlier.")] = "magnitude",
    heads: Annotated[
        Heads, typer.Option(help="Choose whole heads, or each q, k, p and v (by sensitivity).")
    ] = "whole",
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
    latency: Annotated[
        float | None,
        typer.Option(
            min=1,
            help="Most passes of the array, times those in MX6: spend them where they gain most "
            "(by sensitivity).",
        ),
    ] = None,
    cost: Cost = PASSES,
    changes: Changes = None,
    timestep_groups: Annotated[int, typer.Option(min=1, help="Ranges of timesteps, each with a plan.")] = 1,
    balance: Annotated[
        bool,
        typer.Option(
            help="Shift and scale channels first, so that blocks err less, where another layer absorbs it."
        ),
    ] = False,
    rounding: Annotated[
        Rounding | None,
        typer.Option(
            help="How weights are rounded: for the least error of each layer's output, or alone.",
            show_default="compensated; nearest with several --timestep-groups",
        ),
    ] = None,
    weight: Annotated[_FormatName, typer.Option(help="Format of the weights.")] = "MX6",
    high: Annotated[_FormatName, typer.Option(help="Format of the outliers.")] = "MX9",
    low: Annotated[_FormatName, typer.Option(help="Format of the other activations.")] = "MX6",
    tokens: Annotated[int, typer.Option(min=1, help="Random tokens looked at, per pass and layer.")] = 256,
    dtype: Annotated[
        Literal["float32", "bfloat16", "float16"], typer.Option(help="Type the model runs in.")
    ] = "float32",
    device: Annotated[Literal["cpu", "cuda", "auto"], typer.Option(help="Where it runs.")] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Seed of noise and of the tokens looked at.")] = 0,
    restart: Annotated[bool, typer.Option(help="Forget what an interrupted calibration has seen.")] = False,
    preview: Annotated[
        bool, typer.Option(help="Sample the first image with and without the plan, and draw both.")
    ] = False,
    strict: Annotated[
        bool, typer.Option(help="End with an error if a layer of the blocks cannot be quantized.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Plan the precision of a diffusion transformer and pack its weights."""
    require("torch", "diffusers", "transformers", "safetensors")
    import torch

    from mixdit.calibration.job import Job
    from mixdit.calibration.pipelines import KINDS
    from mixdit.calibration.run_job import run_job
    from mixdit.calibration.settings import Settings

    kind = KINDS[pipeline]
    try:
        price = find_price(cost, named_values(changes or []))
        settings = Settings(
            linear_share=linear_share,
            attention_share=attention_share,
            weight=FORMATS[weight],
            high=FORMATS[high],
            low=FORMATS[low],
            choice=choice,
            heads=heads,
            reorder=reorder,
            exchanges=exchanges,
            cover=cover,
            latency=latency,
            timestep_groups=timestep_groups,
            rounding=rounding,
            tokens=tokens,
            seed=seed,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    job = Job(
        model=model,
        kind=kind,
        items=items_of(kind.takes, prompts, labels),
        output=output,
        settings=settings,
        price=price,
        steps=steps,
        guidance=guidance,
        size=size,
        dtype=getattr(torch, dtype),
        device=device_of(device),
        restart=restart,
        preview=preview,
        strict=strict,
        balance=balance,
    )
    figures = run_job(job)
    if as_json:
        print(json.dumps(figures, indent=2))
    else:
        _print_table(figures, unit_of(cost))
        if timestep_groups > 1 and rounding is None:
            print("weights are rounded to nearest: ranges of timesteps share them (--rounding)")


def _print_table(figures: dict[str, Any], unit: str) -> None:
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
    table.add_row(f"{unit}, times those in MX6", "", "", f"{figures['latency']:.3f}")
    console = Console()
    console.print(table)
    for row in figures["floating_point"]:
        layers = f"{row['count']} layer{'s' * (row['count'] > 1)}"
        line = f"in floating point: {layers}, {row['first']} first: {row['reason']}"
        console.print(line, soft_wrap=True, highlight=False)
    for path in figures["files"]:
        console.print(path, soft_wrap=True, highlight=False)
