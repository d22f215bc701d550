"""Speed of the Verilated array, and how busy it keeps its processing elements.

Run ``python -m perf.speed.bench_sim`` (``--json``: one JSON object). Every
product is compared with golden; cycle counts are exact, simulation speed depends on the machine.
"""

import argparse
import json
import math
import os
import sys
import time
from typing import TYPE_CHECKING, Any

if not TYPE_CHECKING:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is imported

import numpy as np
from rich.console import Console
from rich.table import Table

from golden import MX6, MX9, Tensor, concat, matmul, quantize
from golden.formats import BLOCK_SIZE
from mixdit.sim import ArrayHarness

ROWS = COLS = 16
GOAL_MACS_PER_SECOND = 50e6

PRODUCTS = (
    ("mixed, 5% MX9", 256, 1152, 1152, 0.05),
    ("MX6", 256, 1152, 1152, 0.0),
    ("Q x K of a head", 256, 256, 72, 0.0),
    ("Q x K, MX9 head", 256, 256, 72, 1.0),
)
"""Name, M, N, K and the share of MX9 k-blocks, which come first."""


def operand(rng: np.random.Generator, rows: int, k: int, share: float) -> Tensor:
    """Random values ``[rows, k]``, the first k-blocks in MX9, the rest in MX6."""
    x = rng.standard_normal((rows, k)).astype(np.float32)
    split = min(k, math.ceil(share * k / BLOCK_SIZE) * BLOCK_SIZE)
    parts = [quantize(part, fmt) for part, fmt in ((x[:, :split], MX9), (x[:, split:], MX6)) if part.size]
    return concat(parts)


def measure(array: ArrayHarness, name: str, m: int, n: int, k: int, share: float) -> dict[str, Any]:
    """Simulate one product and compare it with golden."""
    rng = np.random.default_rng(0)
    a, b = operand(rng, m, k, share), operand(rng, n, k, share)
    wall, cpu = time.perf_counter(), time.process_time()
    product = array.matmul(a, b)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    expected = matmul(a, b, k_blocks=array.k_blocks)
    run = product.run
    return {
        "product": name,
        "shape": f"{m} x {n} x {k}",
        "mismatches": int((product.values.view(np.uint32) != expected.view(np.uint32)).sum()),
        "cycles": run.cycles,
        "passes": run.passes,
        "utilization": run.utilization,
        "seconds": wall,
        "cpu_seconds": cpu,
        "macs_per_second": m * n * k / wall,
        "macs_per_cpu_second": m * n * k / cpu,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--threads", type=int, default=1, help="Verilator's threads")
    parser.add_argument("--optimization", default="-Os", help="the compiler's flags for the model")
    options = parser.parse_args()
    start = time.perf_counter()
    array = ArrayHarness(
        rows=ROWS,
        cols=COLS,
        drain_rows=4,
        k_blocks=72,
        threads=options.threads,
        optimization=options.optimization,
    )
    build = time.perf_counter() - start
    results = [measure(array, *product) for product in PRODUCTS]
    if options.json:
        print(json.dumps({"rows": ROWS, "cols": COLS, "build_seconds": build, "products": results}))
    else:
        table = Table(
            "product",
            "M x N x K",
            "mismatches",
            "cycles",
            "PE utilization",
            "M MAC/s",
            "M MAC/CPU-s",
            title=f"{ROWS}x{COLS} array, Verilated; compiled or loaded in {build:.1f} s",
        )
        for r in results:
            table.add_row(
                r["product"],
                r["shape"],
                str(r["mismatches"]),
                f"{r['cycles']:,}",
                f"{r['utilization']:.1%}",
                f"{r['macs_per_second'] / 1e6:.1f}",
                f"{r['macs_per_cpu_second'] / 1e6:.1f}",
            )
        Console(width=110).print(table)
        print(f"Goal for the first: {GOAL_MACS_PER_SECOND / 1e6:.0f} M MAC/s.")
    if any(r["mismatches"] for r in results):
        sys.exit("the array and golden disagree")


if __name__ == "__main__":
    main()
