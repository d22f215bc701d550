"""Second part of ``mixdit demo``: a transformer block's linear layers through driver and engine."""

from collections.abc import Sequence

import numpy as np

from golden import MX6, MX9
from golden.engine import EngineParameters
from mixdit.demo.figures import Comparison, EngineFigures, snr_db
from mixdit.demo.linear import Array, float64_linear
from mixdit.demo.plan import Plan
from mixdit.demo.progress import Show
from mixdit.demo.transformer import load_block, tokens
from mixdit.driver import Gemm, ModelPort
from mixdit.sim import EngineHarness

__all__ = ["ADDER_LANES", "IMAGES", "PARAMETERS", "run_block"]

PARAMETERS = EngineParameters(data_bits=256, stationary_tiles=8, function_lanes=0)
ADDER_LANES = 16
"""A product of so short a K gives a row of D to which a bias is added every other cycle."""

IMAGES, TIMESTEP = 8, 200

PLANS = (Plan("MX6", MX6), Plan("MX6 + MX9", MX6, mixed=True), Plan("MX9", MX9))


def run_block(engine: EngineHarness, seed: int, show: Show) -> Sequence[EngineFigures]:
    """Run the block in float64, and in every plan on the engine and on golden's."""
    block, outer = load_block()
    x, condition = tokens(outer, IMAGES, TIMESTEP, seed)
    reference = block(x, condition, float64_linear) - x
    gemm, model = Gemm(engine, timeout=600), Gemm(ModelPort(engine.parameters))
    figures = []
    for plan in PLANS:
        comparison = Comparison()
        gemm.clear_counters()

        def linear(
            name: str,
            rows: Array,
            weight: Array,
            bias: Array,
            plan: Plan = plan,
            comparison: Comparison = comparison,
        ) -> Array:
            show(f"{plan.name}: {name}, {rows.shape[0]} x {weight.shape[0]} x {weight.shape[1]}")
            a, b = plan.encode(rows, weight, np.abs(rows).max(axis=0))
            values, expected = (
                np.asarray(each.matmul(a, b, bias=bias.astype(np.float32)), np.float32)
                for each in (gemm, model)
            )
            comparison.add(values, expected)
            return values.astype(np.float64)

        values = block(x, condition, linear) - x
        counters = gemm.counters()
        figures.append(
            EngineFigures(
                plan=plan.name,
                snr_db=snr_db(values, reference),
                mismatches=comparison.mismatches,
                outputs=comparison.outputs,
                cycles=counters["CYCLES"],
                passes=counters["BUSY"],
                utilization=counters["BUSY"] / counters["CYCLES"],
                bytes_read=counters["BYTES_READ"],
                bytes_written=counters["BYTES_WRITTEN"],
            )
        )
    return figures
