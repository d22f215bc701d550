"""How many cycles the engine takes for a row that it quantizes, divides, normalizes or exponentiates.

Run ``python -m perf.speed.bench_rows``; ``--json`` prints one JSON object, ``--columns`` is the rows' length,
``--set data_bits=512`` changes a parameter of the engine. The engine is Verilated, behind the driver, with a
memory that delivers a beat per cycle. Every result is compared with golden. A row's cycles are what a job of
twice as many rows takes longer.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from golden.engine import EngineParameters, MemoryFormat, encode
from golden.functions import divide_by_column, exponential, normalize
from mixdit.driver import Gemm
from mixdit.sim import EngineHarness

ENGINE = {"rows": 8, "cols": 8, "data_bits": 256, "reorder_columns": 1152, "function_lanes": 8}
"""Parameters of the engine, the others have their defaults."""

EPSILON = 1e-6

ROWS = 16
"""Of the shorter one of two jobs: the buffers are full long before its end."""

OUT = MemoryFormat.MX6

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Case:
    """A kind of row job.

    Parameters
    ----------
    made:
        What golden makes of rows, with shift and scale.
    options:
        The driver's.
    permute, modulate:
        Whether rows are permuted, and have shift and scale.
    more:
        Elements behind a row's columns.
    """

    made: Callable[[Floats, Floats, Floats], Floats]
    options: Mapping[str, Any]
    permute: bool = False
    modulate: bool = False
    more: int = 0


CASES = {
    "as they are": Case(lambda x, *_: x, {}),
    "permuted": Case(lambda x, *_: x, {}, permute=True),
    "divided": Case(lambda x, *_: divide_by_column(x[:, :-1], x[:, -1:]), {"divide": True}, more=1),
    "exponentials": Case(lambda x, *_: exponential(x), {"norm": "exponential"}),
    "RMS norm": Case(lambda x, *_: normalize(x, eps=EPSILON, mean=False), {"norm": "rms"}),
    "layer norm": Case(lambda x, *_: normalize(x, eps=EPSILON), {"norm": "layer"}),
    "layer norm, modulated": Case(
        lambda x, shift, scale: normalize(x, eps=EPSILON, shift=shift, scale=scale),
        {"norm": "layer"},
        modulate=True,
    ),
}


def measure(parameters: EngineParameters, name: str, columns: int) -> dict[str, Any]:
    """Run both jobs of a case, compare them with golden, and read the counters."""
    case, rng = CASES[name], np.random.default_rng(0)
    x = rng.standard_normal((2 * ROWS, columns + case.more), dtype=np.float32)
    shift, scale = rng.standard_normal((2, columns), dtype=np.float32)
    order = rng.permutation(columns)
    cycles, mismatches = [], 0
    with EngineHarness(parameters) as engine:
        gemm = Gemm(engine, timeout=3600)
        a, d = gemm.store(x), gemm.empty((2 * ROWS, columns), OUT)
        options: dict[str, Any] = dict(case.options)
        if case.permute:
            options["permutation"] = gemm.store_permutation(order)
        if case.modulate:
            vectors = gemm.store(np.stack([shift, scale]))
            options |= {"shift": vectors.rows(0, 1), "scale": vectors.rows(1, 2)}
        for count in (ROWS, 2 * ROWS):
            gemm.clear_counters()
            gemm.wait(gemm.reorder(a.rows(0, count), d.rows(0, count), **options))
            cycles.append(gemm.counters()["CYCLES"])
            values = case.made(x[:count], shift, scale)
            expected = encode(values[:, order] if case.permute else values, OUT)
            mismatches += int((engine.read_memory(d.address, expected.size) != expected.reshape(-1)).sum())
    each = (cycles[1] - cycles[0]) / ROWS
    return {
        "case": name,
        "cycles": cycles,
        "cycles_per_row": each,
        "elements_per_cycle": columns / each,
        "mismatches": mismatches,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--columns", type=int, default=1152, help="elements of a row")
    parser.add_argument("--case", action="append", choices=list(CASES), help="measure this one (repeat)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter")
    options = parser.parse_args()
    changes = {name: int(value) for name, value in (change.split("=") for change in options.set)}
    parameters = EngineParameters(**{**ENGINE, **changes})
    results = [measure(parameters, name, options.columns) for name in options.case or CASES]
    if options.json:
        print(json.dumps({"parameters": vars(parameters), "columns": options.columns, "results": results}))
    else:
        table = Table(title=f"rows of {options.columns}, a port of {parameters.data_bits} bits")
        for title in ("rows", "cycles of a row", "elements per cycle"):
            table.add_column(title, justify="left" if title == "rows" else "right")
        for r in results:
            table.add_row(r["case"], f"{r['cycles_per_row']:.1f}", f"{r['elements_per_cycle']:.2f}")
        Console(width=100).print(table)
    if wrong := [r["case"] for r in results if r["mismatches"]]:
        sys.exit(f"differ from golden: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
