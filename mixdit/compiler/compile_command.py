"""``mixdit compile``: blocks of a diffusion transformer as a program for the engine."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from gen.files import replacing
from golden import FORMATS
from mixdit.compiler.example import save_example
from mixdit.compiler.job_table import job_table, matrix_table
from mixdit.compiler.program import Program
from mixdit.compiler.program_file import save_program
from mixdit.require import require

__all__ = ["command"]

TABLES, TABLE_WIDTH = "jobs.txt", 160

BlockFormat = Literal["MX4", "MX6", "MX9"]


def command(
    model: Annotated[
        str, typer.Option(help="Digits model, checkpoint file, or folder of a transformer of diffusers.")
    ] = "digits-16",
    plan: Annotated[
        Path | None, typer.Option(help="Plan file; what it does not name is in MX9.", show_default="none")
    ] = None,
    packed: Annotated[
        Path | None, typer.Option(help="File of packed weights, with their plan.", show_default="none")
    ] = None,
    weight: Annotated[BlockFormat, typer.Option(help="Format of weights, without a plan.")] = "MX6",
    activation: Annotated[BlockFormat, typer.Option(help="Format of all else, without a plan.")] = "MX9",
    block: Annotated[
        int | None, typer.Option(min=0, help="The one block to compile.", show_default="all")
    ] = None,
    tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens of an image (diffusers).", show_default="the model's")
    ] = None,
    context_tokens: Annotated[
        int | None, typer.Option(min=1, help="Text tokens (PixArt, SD3).", show_default="the pipeline's")
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="Images at a time.")] = 1,
    timestep: Annotated[
        int, typer.Option(min=0, max=999, help="Of the example, and of the plan if it has several.")
    ] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of the example: which digits, the noise.")] = 0,
    rows: Annotated[int, typer.Option(min=1, max=64, help="Rows of the engine's array.")] = 8,
    cols: Annotated[int, typer.Option(min=1, max=16, help="Columns of the engine's array.")] = 8,
    data_bits: Annotated[int, typer.Option(help="Bits of the engine's memory port.")] = 128,
    function_lanes: Annotated[int, typer.Option(help="The engine's lanes of functions.")] = 4,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")] = Path("build/program"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Write blocks of a transformer as jobs for the engine, with the memory that they need."""
    require("torch", "safetensors", "diffusers" if Path(model).is_dir() else "sklearn")
    from mixdit.compiler.compiled_model import CompiledModel, Source

    source = Source(
        model=model,
        plan=plan,
        packed=packed,
        weight=FORMATS[weight],
        activation=FORMATS[activation],
        block=block,
        tokens=tokens,
        context_tokens=context_tokens,
        samples=samples,
        timestep=timestep,
        seed=seed,
        engine={"rows": rows, "cols": cols, "data_bits": data_bits, "function_lanes": function_lanes},
    )
    try:
        compiled = CompiledModel.of(source)
    except (ValueError, MemoryError) as error:
        raise typer.BadParameter(str(error)) from error
    program = compiled.program
    save_program(program, output)
    save_example(compiled.example, output)
    _write_tables(program, output / TABLES)
    figures = {
        "blocks": compiled.blocks,
        "jobs": len(program.jobs),
        "constant_bytes": program.constant_bytes,
        "memory_bytes": len(program.memory),
        "multiply_accumulates": program.multiplications,
    }
    if as_json:
        print(json.dumps({"output": str(output), **figures}))
    else:
        for name, value in figures.items():
            print(f"{name.replace('_', ' '):<22}{value:>12,}")
        print(f"{'written':<22}{output}")


def _write_tables(program: Program, path: Path) -> None:
    with replacing(path) as new, new.open("w", encoding="utf-8") as file:
        console = Console(file=file, width=TABLE_WIDTH)
        for table in (job_table(program), matrix_table(program)):
            console.print(table)
