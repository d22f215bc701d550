"""``mixdit demo``: handwritten digits on the simulated array, and a transformer block on the engine."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gen.files import check_writable
from mixdit.demo.digits import load_digits
from mixdit.demo.figures import EngineFigures
from mixdit.demo.network import load_network
from mixdit.demo.on_array import Classified, classify
from mixdit.demo.on_engine import ADDER_LANES, PARAMETERS, run_block
from mixdit.demo.progress import Show, progress_line
from mixdit.demo.simulated_array import simulated_array
from mixdit.demo.tables import print_array, print_engine
from mixdit.require import require
from mixdit.sim import EngineHarness, HarnessError
from mixdit.sim.toolchain import ToolchainError
from mixdit.sim.verilate import BuildError

__all__ = ["command"]


def command(
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the engine's part: which digits, and the noise on them.")
    ] = 0,
    rows: Annotated[int, typer.Option(min=1, max=64, help="Rows of the array.")] = 8,
    cols: Annotated[int, typer.Option(min=1, max=64, help="Columns of the array.")] = 8,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the picture.")] = Path(
        "build/demo"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Classify digits on the simulated array, and run a transformer block on the simulated engine."""
    require("sklearn", "matplotlib")
    from mixdit.demo.picture import draw

    picture = output / "digits.png"
    check_writable(picture)  # before minutes pass
    try:
        with progress_line() as show:
            found = _run_array(rows, cols, show)
            show("drawing")
            draw(picture, found, f"{rows}x{cols}")
            engine_figures = _run_engine(seed, show)
    except (ToolchainError, BuildError, HarnessError) as error:
        print(f"mixdit: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    if as_json:
        parts = {"array": list(map(asdict, found.figures)), "engine": list(map(asdict, engine_figures))}
        sizes = {"rows": rows, "cols": cols, "seed": seed}
        print(json.dumps({**sizes, "float64_accuracy": found.accuracy, **parts}))
    else:
        console = Console()
        print_array(console, found, rows, cols, picture)
        console.print()
        print_engine(console, engine_figures)
    if any(f.mismatches for f in (*found.figures, *engine_figures)):
        print("mixdit: the hardware and golden disagree", file=sys.stderr)
        raise typer.Exit(1)


def _run_array(rows: int, cols: int, show: Show) -> Classified:
    show(f"compiling a {rows}x{cols} array")
    array = simulated_array(rows, cols)
    _, held_out = load_digits()
    return classify(array, held_out, load_network(), show)


def _run_engine(seed: int, show: Show) -> Sequence[EngineFigures]:
    show("compiling the engine")
    with EngineHarness(PARAMETERS, adder_lanes=ADDER_LANES) as engine:
        return run_block(engine, seed, show)
