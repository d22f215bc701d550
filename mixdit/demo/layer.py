"""The second part of ``mixdit demo``: a transformer block's linear layers through driver and engine."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from golden import MX6, MX9, Format, Tensor, concat, quantize
from golden.engine import EngineParameters
from golden.formats import BLOCK_SIZE
from mixdit.demo.transformer import LAYERS, load_block, tokens
from mixdit.driver import Gemm, ModelPort, plan_reordering
from mixdit.sim import EngineHarness

__all__ = ["ADDER_LANES", "PARAMETERS", "LayerFigures", "print_layer", "run_layer"]

Array = NDArray[np.float32]

PARAMETERS = EngineParameters(data_bits=256, stationary_tiles=8)
ADDER_LANES = 16
"""A product of so short a K gives a row of D to which a bias is added every other cycle."""

IMAGES, TIMESTEP = 8, 200

MX9_SHARE = 0.05


@dataclass
class LayerFigures:
    """What one plan gave.

    Parameters
    ----------
    plan:
        Its name.
    snr_db:
        Power of what the block adds to its tokens in float32 over that of the difference, in decibels.
    mismatches, outputs:
        Outputs of the engine that differ from golden's engine in any bit, of so many compared.
    cycles, passes, bytes_read, bytes_written:
        The engine's counters over all products.
    """

    plan: str
    snr_db: float
    mismatches: int
    outputs: int
    cycles: int
    passes: int
    bytes_read: int
    bytes_written: int

    @property
    def utilization(self) -> float:
        """Share of the jobs' cycles in which the array took a pass."""
        return self.passes / self.cycles


@dataclass(frozen=True)
class _Plan:
    name: str
    rest: Format
    mx9_share: float = 0.0

    def encode(self, x: Array, weight: Array) -> tuple[Tensor, Tensor]:
        """Both operands, the channels with the largest products first and in MX9."""
        leading = int(np.ceil(self.mx9_share * x.shape[1] / BLOCK_SIZE))
        if not leading:
            return quantize(x, self.rest), quantize(weight, self.rest)
        plan = plan_reordering(np.abs(x).max(axis=0) * np.abs(weight).max(axis=0), leading)
        split = leading * BLOCK_SIZE
        activations = plan.consumer(x)
        return (
            concat([quantize(activations[:, :split], MX9), quantize(activations[:, split:], self.rest)]),
            quantize(plan.consumer(weight), self.rest),
        )


PLANS = (_Plan("MX6", MX6), _Plan("mixed", MX6, MX9_SHARE), _Plan("MX9", MX9))


def run_layer(engine: EngineHarness, seed: int, progress: Callable[[str], None]) -> list[LayerFigures]:
    """Run the block in every plan on the engine, and on golden's; ``progress`` is told what comes next."""
    block, outer = load_block()
    x, condition = tokens(outer, IMAGES, TIMESTEP, seed)
    reference = block(x, condition, lambda name, rows, weight, bias: rows @ weight.T + bias) - x
    gemm, model = Gemm(engine, timeout=600), Gemm(ModelPort(engine.parameters))
    results = []
    for plan in PLANS:
        mismatches = outputs = 0
        gemm.clear_counters()

        def linear(name: str, rows: Array, weight: Array, bias: Array, plan: _Plan = plan) -> Array:
            nonlocal mismatches, outputs
            progress(f"{plan.name}: {name}, {rows.shape[0]} x {weight.shape[0]} x {weight.shape[1]}")
            a, b = plan.encode(rows, weight)
            values, expected = (each.matmul(a, b, bias=bias) for each in (gemm, model))
            mismatches += int((values.view(np.uint32) != expected.view(np.uint32)).sum())
            outputs += values.size
            return values

        noise = block(x, condition, linear) - x - reference
        power = np.square(reference, dtype=np.float64).sum() / np.square(noise, dtype=np.float64).sum()
        counters = gemm.counters()
        results.append(
            LayerFigures(
                plan=plan.name,
                snr_db=10 * float(np.log10(power)),
                mismatches=mismatches,
                outputs=outputs,
                cycles=counters["CYCLES"],
                passes=counters["BUSY"],
                bytes_read=counters["BYTES_READ"],
                bytes_written=counters["BYTES_WRITTEN"],
            )
        )
    return results


def print_layer(console: Console, results: list[LayerFigures]) -> None:
    """A table of the results."""
    engine = f"{PARAMETERS.rows}x{PARAMETERS.cols} engine"
    table = Table(title=f"{len(LAYERS)} linear layers of a transformer block on a simulated {engine}")
    table.add_column("format")
    for name in ("SNR", "mismatches", "cycles", "passes", "PEs busy", "memory"):
        table.add_column(name, justify="right")
    for r in results:
        table.add_row(
            r.plan,
            f"{r.snr_db:.1f} dB",
            str(r.mismatches),
            f"{r.cycles:,}",
            f"{r.passes:,}",
            f"{r.utilization:.1%}",
            f"{(r.bytes_read + r.bytes_written) / 1e6:.2f} MB",
        )
    console.print(table)
    console.print(f"block       the first of the digits diffusion transformer, on {IMAGES} noisy digits")
    console.print("SNR         of what the block adds to its tokens, against float32")
    console.print(f"mismatches  of {results[0].outputs:,} outputs with the golden model, in any bit")
