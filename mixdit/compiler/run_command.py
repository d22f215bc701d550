"""``mixdit run``: a program that ``mixdit compile`` wrote, on the golden engine and on the simulated one."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from mixdit.compiler.example import Example, context_snr_db, load_example, snr_db
from mixdit.compiler.program import CONTEXT, Program
from mixdit.compiler.program_file import load_program
from mixdit.compiler.program_run import ProgramRunner
from mixdit.driver import EngineError, ModelPort
from mixdit.sim import EngineHarness, HarnessError
from mixdit.sim.toolchain import ToolchainError
from mixdit.sim.verilate import BuildError

__all__ = ["command"]

TIMEOUT = 3600.0


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one engine made of the example.

    Parameters
    ----------
    engine:
        ``"model"`` or ``"rtl"``.
    snr_db:
        Of what the blocks add to the tokens, against floating point.
    context_snr_db:
        The same of the context; None where the blocks do not change it.
    mismatches:
        Bytes of memory that differ from those of the model.
    cycles, busy, bytes_read, bytes_written:
        The engine's counters; 0 of the model, which has none.
    """

    engine: str
    snr_db: float
    context_snr_db: float | None = None
    mismatches: int = 0
    cycles: int = 0
    busy: int = 0
    bytes_read: int = 0
    bytes_written: int = 0


def command(
    folder: Annotated[Path, typer.Argument(help="What `mixdit compile` wrote.")] = Path("build/program"),
    engine: Annotated[
        Literal["model", "rtl"], typer.Option(help="The golden model alone, or the simulated hardware too.")
    ] = "model",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Run a compiled program on its example, and compare with floating point."""
    try:
        program, example = load_program(folder), load_example(folder)
        figures = run_example(program, example, rtl=engine == "rtl")
    except (ValueError, MemoryError) as error:
        raise typer.BadParameter(str(error)) from error
    except (ToolchainError, BuildError, HarnessError, EngineError) as error:
        print(f"mixdit: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    if as_json:
        print(json.dumps({"jobs": len(program.jobs), "engines": list(map(asdict, figures))}))
    else:
        _print(program, figures)
    if any(f.mismatches for f in figures):
        print("mixdit: the hardware and golden disagree", file=sys.stderr)
        raise typer.Exit(1)


def run_example(program: Program, example: Example, *, rtl: bool) -> list[Figures]:
    """Run a program on the golden engine, and on the simulated hardware if asked for.

    Raises ``ValueError`` for an example of another program, ``MemoryError`` for a program that takes more
    than there is, and ``EngineError`` for constants that no engine can work with.
    """
    memory = program.memory
    size = -(-len(memory) // 64) * 64
    try:
        port = ModelPort(program.parameters, size, memory.start)
    except MemoryError:
        raise MemoryError(f"the program takes {size} bytes of memory, more than there is") from None
    model = ProgramRunner(program, port)
    figures = [Figures(engine="model", **_snr(model, example))]
    if rtl:
        with EngineHarness(program.parameters, size=size, origin=memory.start) as harness:
            runner = ProgramRunner(program, harness, TIMEOUT)
            runner.engine.clear_counters()
            ratios = _snr(runner, example)
            counters = runner.engine.counters()
            left, right = (r.engine.port.read_memory(memory.start, size) for r in (model, runner))
        figures.append(
            Figures(
                engine="rtl",
                **ratios,
                mismatches=int(np.count_nonzero(left != right)),
                cycles=counters["CYCLES"],
                busy=counters["BUSY"],
                bytes_read=counters["BYTES_READ"],
                bytes_written=counters["BYTES_WRITTEN"],
            )
        )
    return figures


def _snr(runner: ProgramRunner, example: Example) -> dict[str, Any]:
    """Run the example; signal-to-noise ratios of what comes out."""
    values = runner(**example.inputs)
    context = runner.values(CONTEXT) if CONTEXT in runner.program.outputs else None
    ratio = None if context is None else context_snr_db(context, example)
    return {"snr_db": snr_db(values, example), "context_snr_db": ratio}


def _print(program: Program, figures: list[Figures]) -> None:
    p = program.parameters
    table = Table(title=f"{len(program.jobs)} jobs on an {p.rows}x{p.cols} engine")
    table.add_column("engine")
    names = ["SNR"] + ["context"] * (figures[0].context_snr_db is not None)
    for name in (*names, "cycles", "PEs busy", "read", "written", "mismatches"):
        table.add_column(name, justify="right")
    for f in figures:
        counted = []
        if f.cycles:
            counted = [f"{f.cycles:,}", f"{f.busy / f.cycles:.1%}"]
            counted += [f"{count / 1e6:.2f} MB" for count in (f.bytes_read, f.bytes_written)]
            counted.append(f"{f.mismatches:,}")
        ratios = [f"{ratio:.1f} dB" for ratio in (f.snr_db, f.context_snr_db) if ratio is not None]
        table.add_row(f.engine, *ratios, *counted)
    Console().print(table)
    print("SNR         of what the blocks add to the tokens, against floating point")
    if figures[0].context_snr_db is not None:
        print("context     the same of the context")
    print("mismatches  bytes of memory that differ from the model's, all of the program's compared")
