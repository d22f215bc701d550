"""``mixdit demo``: handwritten digits on the simulated array, and a transformer block on the engine."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from golden import MX4, MX6, MX9, MixedTensor, matmul
from mixdit.demo.figures import Figures
from mixdit.demo.layer import ADDER_LANES, PARAMETERS, LayerFigures, print_layer, run_layer
from mixdit.demo.network import Plan, load, train
from mixdit.demo.picture import draw
from mixdit.sim import ArrayHarness, EngineHarness, HarnessError
from mixdit.sim.toolchain import ToolchainError
from mixdit.sim.verilate import BuildError

__all__ = ["command"]

PLANS = (
    Plan("MX4", rest=MX4),
    Plan("MX6", rest=MX6),
    Plan("mixed", rest=MX6, outliers=MX9),
    Plan("MX9", rest=MX9),
)

K_BLOCKS = 16


def command(
    seed: Annotated[int, typer.Option(min=0, help="Seed of the split and of the training.")] = 0,
    rows: Annotated[int, typer.Option(min=1, max=64, help="Rows of the array.")] = 8,
    cols: Annotated[int, typer.Option(min=1, max=64, help="Columns of the array.")] = 8,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the picture.")] = Path(
        "build/demo"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Classify digits on the simulated array, and run a transformer block on the simulated engine."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            results, picture = _run(progress, seed, rows, cols, output)
            layer = _run_layer(progress, seed)
    except (ToolchainError, BuildError, HarnessError) as error:
        print(f"mixdit: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    if as_json:
        figures = {"plans": list(map(asdict, results)), "layer": list(map(asdict, layer))}
        print(json.dumps({"rows": rows, "cols": cols, "seed": seed, **figures}))
    else:
        _print_table(results, rows, cols, picture)
        print()
        print_layer(Console(), layer)
    if any(r.mismatches for r in [*results[1:], *layer]):
        print("mixdit: the hardware and golden disagree", file=sys.stderr)
        raise typer.Exit(1)


def _run(progress: Progress, seed: int, rows: int, cols: int, output: Path) -> tuple[list[Figures], Path]:
    with _step(progress, f"compiling a {rows}x{cols} array"):
        drain_rows = max(d for d in range(1, 5) if rows % d == 0)
        array = ArrayHarness(rows=rows, cols=cols, drain_rows=drain_rows, k_blocks=K_BLOCKS)
    with _step(progress, "training"):
        digits = load(seed)
        network = train(digits, seed)
    reference = network.logits(digits.features)
    results = [_compare("float32", reference, reference, digits.labels)]
    predictions = {}
    for plan in PLANS:
        run = _Products(array, progress, plan.name)
        logits = network.logits(digits.features, plan, run.product)
        results.append(run.complete(_compare(plan.name, logits, reference, digits.labels)))
        predictions[plan.name] = logits.argmax(axis=1)
    output.mkdir(parents=True, exist_ok=True)
    picture = output / "digits.png"
    with _step(progress, "drawing"):
        draw(picture, digits, predictions, results, f"{rows}x{cols}")
    return results, picture


def _run_layer(progress: Progress, seed: int) -> list[LayerFigures]:
    with _step(progress, "compiling the engine"):
        engine = EngineHarness(PARAMETERS, adder_lanes=ADDER_LANES)
    task = progress.add_task("", total=None)
    results = run_layer(engine, seed, lambda text: progress.update(task, description=text))
    progress.remove_task(task)
    engine.close()
    return results


class _Products:
    """Products of one plan on the array, each compared with golden, their figures summed."""

    def __init__(self, array: ArrayHarness, progress: Progress, name: str):
        self._array = array
        self._progress = progress
        self._name = name
        self._mismatches = self._outputs = self._cycles = self._passes = self._pass_cycles = 0

    def product(self, a: MixedTensor, b: MixedTensor) -> NDArray[np.float32]:
        task = self._progress.add_task(f"{self._name}: {a.shape[0]} x {b.shape[0]} x {a.k}", total=1)
        product = self._array.matmul(
            a, b, progress=lambda done, total: self._progress.update(task, completed=done / total)
        )
        expected = matmul(a, b, k_blocks=self._array.k_blocks)
        self._progress.remove_task(task)
        self._mismatches += int((product.values.view(np.uint32) != expected.view(np.uint32)).sum())
        self._outputs += expected.size
        self._cycles += product.run.cycles
        self._passes += product.run.passes
        self._pass_cycles += product.run.pass_cycles
        return product.values

    def complete(self, figures: Figures) -> Figures:
        figures.mismatches = self._mismatches
        figures.outputs = self._outputs
        figures.cycles = self._cycles
        figures.passes = self._passes
        figures.utilization = self._passes / self._pass_cycles
        return figures


@contextmanager
def _step(progress: Progress, text: str) -> Iterator[None]:
    task = progress.add_task(text, total=None)
    yield
    progress.remove_task(task)


def _compare(
    name: str, logits: NDArray[np.float32], reference: NDArray[np.float32], labels: NDArray[np.int64]
) -> Figures:
    guess = logits.argmax(axis=1)
    noise = float(np.square(logits - reference, dtype=np.float64).sum())
    power = float(np.square(reference, dtype=np.float64).sum())
    return Figures(
        plan=name,
        accuracy=float((guess == labels).mean()),
        agreement=float((guess == reference.argmax(axis=1)).mean()),
        snr_db=10 * float(np.log10(power / noise)) if noise else None,
    )


def _print_table(results: list[Figures], rows: int, cols: int, picture: Path) -> None:
    reference, *plans = results
    table = Table(title=f"Held-out digits on a simulated {rows}x{cols} array")
    table.add_column("format")
    for name in ("accuracy", "SNR", "mismatches", "cycles", "passes", "PEs busy"):
        table.add_column(name, justify="right")
    table.add_row(reference.plan, f"{reference.accuracy:.2%}", end_section=True)
    for r in plans:
        table.add_row(
            r.plan,
            f"{r.accuracy:.2%}",
            f"{r.snr_db:.1f} dB",
            str(r.mismatches),
            f"{r.cycles:,}",
            f"{r.passes:,}",
            f"{r.utilization:.1%}",
        )
    console = Console()
    console.print(table)
    console.print(
        f"mixed       the {MX9.block_size} channels with the largest products in MX9, the rest in MX6"
    )
    console.print("SNR         of the last layer's outputs, against float32")
    console.print(f"mismatches  of {plans[0].outputs:,} outputs with the golden model, in any bit")
    console.print(f"picture     {picture}", highlight=False)
