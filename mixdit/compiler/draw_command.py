"""``mixdit draw``: a digit whose transformer blocks an engine computes in every step, beside float32."""

import json
import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from gen.files import check_writable
from golden import FORMATS
from golden.engine import EngineParameters
from mixdit.compiler.compile_command import BlockFormat
from mixdit.compiler.stepwise_run import Step, StepwiseRun
from mixdit.demo.progress import Show, progress_line
from mixdit.driver import EngineError, EngineTimeoutError
from mixdit.require import require
from mixdit.sim import EngineHarness, HarnessError
from mixdit.sim.toolchain import ToolchainError
from mixdit.sim.verilate import BuildError

if TYPE_CHECKING:
    from torch import Tensor

    from mixdit.compiler.program import Program
    from mixdit.digits.model import DigitsTransformer

__all__ = ["command"]


def command(
    model: Annotated[str, typer.Option(help="Model or checkpoint file.")] = "digits-16",
    label: Annotated[int, typer.Option(min=0, max=9, help="Digit to draw.")] = 3,
    steps: Annotated[int, typer.Option(min=1, max=1000, help="Denoising steps.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the noise.")] = 2,
    engine: Annotated[
        Literal["model", "rtl"], typer.Option(help="The golden model alone, or the simulated hardware too.")
    ] = "model",
    weight: Annotated[BlockFormat, typer.Option(help="Format of weights.")] = "MX6",
    activation: Annotated[BlockFormat, typer.Option(help="Format of all else.")] = "MX9",
    rows: Annotated[int, typer.Option(min=1, max=64, help="Rows of the engine's array.")] = 4,
    cols: Annotated[int, typer.Option(min=1, max=16, help="Columns of the engine's array.")] = 8,
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture.")] = Path(
        "build/draw/digit.png"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Draw a digit whose transformer blocks are a program on the engine, beside float32."""
    require("torch", "sklearn", "safetensors", "matplotlib")
    from mixdit.compiler.digits_program import digits_program
    from mixdit.compiler.draw_picture import draw
    from mixdit.digits.checkpoint import load_model
    from mixdit.quality.similarity import psnr

    try:
        if output.suffix != ".png":
            raise ValueError(f"output must end in .png, not {str(output)!r}")
        network = load_model(model)
        parameters = EngineParameters(
            rows=rows, cols=cols, reorder_columns=max(16, network.shape.width), function_lanes=4
        )
        program = digits_program(
            network,
            range(network.shape.depth),
            weight=FORMATS[weight],
            activation=FORMATS[activation],
            parameters=parameters,
        )
    except (ValueError, MemoryError) as error:
        raise typer.BadParameter(str(error)) from error
    try:
        check_writable(output)  # before a minute passes
        with progress_line() as show:
            images, run = _images(network, program, label, steps, seed, engine == "rtl", show)
    except (ToolchainError, BuildError, HarnessError, EngineError, EngineTimeoutError) as error:
        print(f"mixdit: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    exact, drawn = (x[-1:, None] for x in images.values())
    draw(output, f"{model}, label {label}: all transformer blocks on a {rows}x{cols} engine", images)
    figures = {
        "picture": str(output),
        "model": model,
        "label": label,
        "engine": engine,
        "psnr_db": psnr(drawn, exact),
        "steps": list(map(asdict, run)),
    }
    if as_json:
        print(json.dumps(figures))
    else:
        _print(run, figures, f"{rows}x{cols}")
    if any(step.mismatches for step in run):
        print("mixdit: the hardware and golden disagree", file=sys.stderr)
        raise typer.Exit(1)


def _images(
    network: "DigitsTransformer", program: "Program", label: int, steps: int, seed: int, rtl: bool, show: Show
) -> "tuple[dict[str, Tensor], list[Step]]":
    """Images from noise to digit, float32 ``[steps + 1, side, side]``, in floating point and on an engine."""
    import torch

    from mixdit.compiler.program_blocks import with_program
    from mixdit.digits.diffusion import initial_noise, trajectory

    noise, labels = initial_noise(1, seed, network.shape.image), torch.tensor([label])

    def path(model: "DigitsTransformer") -> "Tensor":
        found = trajectory(model, noise, labels, steps)
        return torch.cat([*(x for x, _, _ in found.batches), found.images])[:, 0]

    memory = program.memory
    size = -(-len(memory) // 64) * 64
    show("compiling the engine" if rtl else "running the golden engine")
    other = EngineHarness(program.parameters, size=size, origin=memory.start) if rtl else None
    with other or nullcontext():
        run = StepwiseRun(program, other)

        def step(tokens: Any, condition: Any) -> Any:
            show("drawing", len(run.steps) / steps)
            return run(tokens, condition)

        images = {"float32": path(network), "engine": path(with_program(network, step))}
    return images, run.steps


def _print(run: list[Step], figures: dict[str, Any], size: str) -> None:
    rtl = figures["engine"] == "rtl"
    table = Table(title=f"a {figures['label']} on a {size} engine")
    table.add_column("")
    for name in ("a step", "1 step" if len(run) == 1 else f"{len(run)} steps"):
        table.add_column(name, justify="right")
    for name in ("doorbells", "jobs", *(("cycles", "mismatches") if rtl else ())):
        counts = [getattr(step, name) for step in run]
        table.add_row(name, _span([f"{c:,}" for c in (min(counts), max(counts))]), f"{sum(counts):,}")
    if rtl:
        shares = sorted(step.busy / step.cycles for step in run)
        share = sum(step.busy for step in run) / sum(step.cycles for step in run)
        table.add_row("PEs busy", _span([f"{s:.1%}" for s in (shares[0], shares[-1])]), f"{share:.1%}")
    Console().print(table)
    if rtl:
        print("mismatches  bytes of memory that differ from the model's behind a step, all compared")
    print(f"PSNR        {figures['psnr_db']:.1f} dB, against the float32 model with the same noise")
    print("in PyTorch  embeddings and final layer; in between the host computes nothing")
    print(f"picture     {figures['picture']}")


def _span(ends: list[str]) -> str:
    """One text for both ends where they are the same."""
    return " to ".join(dict.fromkeys(ends))
