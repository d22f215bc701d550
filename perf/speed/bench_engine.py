"""How busy the engine keeps its arrays and its memory, by its own counters.

Run ``python -m perf.speed.bench_engine``; ``--json`` prints one JSON object,
``--engine`` and ``--case`` choose, ``--set data_bits=256`` changes a parameter of every engine, also
``result_words`` and ``adder_lanes``. The engine is Verilated, behind the driver, with a memory that
delivers a beat per cycle. Every result is compared with golden; the counters must add up, and passes be what
the formats call for.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if not TYPE_CHECKING:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is imported

import numpy as np
from rich.console import Console
from rich.table import Table

from golden import MX6, MX9, Tensor, add_binary32, concat, matmul, quantize
from golden.engine import PASSES, STALLS, EngineParameters, Function, MemoryFormat, encode
from golden.formats import BLOCK_SIZE
from golden.functions import multiply17
from mixdit.driver import DeviceMatrix, Gemm
from mixdit.sim import EngineHarness, Memory

_WIDE = {"data_bits": 256, "stationary_tiles": 8, "function_lanes": 0}
_FOUR = {"arrays": 4, "data_bits": 512, "stationary_tiles": 32, "function_lanes": 0}
ENGINES = {
    "8x8": {"rows": 8, "cols": 8, **_WIDE},
    "16x16": {"rows": 16, "cols": 16, **_WIDE},
    "4 of 16x16": {"rows": 16, "cols": 16, **_FOUR},
    "4 of 16x8": {"rows": 16, "cols": 8, **_FOUR},
}
"""Parameters of the engines, by name; the others have their defaults."""

DEFAULT_ENGINES = ("8x8", "4 of 16x16")


@dataclass(frozen=True)
class Case:
    """``count`` products in a row, each ``D[m, n]``, with so many leading MX9 k-blocks in A and B.

    ``scale``: times a scale row; ``bias``: plus a bias row; ``function`` of that; ``gate``: times a gate row;
    ``accumulate``: plus what D, of binary32, held.
    """

    name: str
    m: int
    n: int
    k: int
    a_mx9: int = 0
    b_mx9: int = 0
    out: MemoryFormat = MemoryFormat.BFLOAT16
    count: int = 1
    bias: bool = False
    accumulate: bool = False
    function: Function = Function.NONE
    gate: bool = False
    scale: bool = False


HEAD = 5  # blocks of K = 72
TOKENS = 16  # blocks of K = 256

CASES = {
    "linear": (
        Case("linear, 5% MX9", 256, 1152, 1152, a_mx9=4),
        Case("8 linears, 5% MX9", 256, 1152, 1152, a_mx9=4, count=8),
        Case("linear up, 5% MX9", 256, 4608, 1152, a_mx9=4),
        Case("4 linears up, 5% MX9", 256, 4608, 1152, a_mx9=4, count=4),
        Case("linear down, 5% MX9", 256, 1152, 4608, a_mx9=15),
        Case("8 linears down, 5% MX9", 256, 1152, 4608, a_mx9=15, count=8),
    ),
    "addends": (
        Case("linear, bias", 256, 1152, 1152, a_mx9=4, bias=True),
        Case("linear, added to D", 256, 1152, 1152, a_mx9=4, out=MemoryFormat.BINARY32, accumulate=True),
    ),
    "functions": (
        Case("8 of Q x K, MX6", 256, 256, 72, out=MemoryFormat.MX6, count=8),
        Case("8 of 2^(Q x K), MX6", 256, 256, 72, out=MemoryFormat.MX6, count=8, function=Function.EXP2),
        Case(
            "scaled, with a mask",
            256,
            256,
            72,
            0,
            0,
            MemoryFormat.MX6,
            8,
            True,
            function=Function.EXP2,
            scale=True,
        ),
        Case("8 of Q x K, MX9", 256, 256, 72, HEAD, HEAD, MemoryFormat.MX9, 8),
        Case("8 of 2^(Q x K), MX9", 256, 256, 72, HEAD, HEAD, MemoryFormat.MX9, 8, function=Function.EXP2),
        Case(
            "scaled, with a mask",
            256,
            256,
            72,
            HEAD,
            HEAD,
            MemoryFormat.MX9,
            8,
            True,
            function=Function.EXP2,
            scale=True,
        ),
        Case("4 linears up, bias", 256, 4608, 1152, 4, 0, MemoryFormat.MX6, 4, bias=True),
        Case("GELU of them", 256, 4608, 1152, 4, 0, MemoryFormat.MX6, 4, True, function=Function.GELU),
        Case("8 linears, bias, D", 256, 1152, 1152, 4, 0, MemoryFormat.BINARY32, 8, True, True),
        Case("with a gate", 256, 1152, 1152, 4, 0, MemoryFormat.BINARY32, 8, True, True, gate=True),
        Case(
            "all at once",
            256,
            1152,
            1152,
            4,
            0,
            MemoryFormat.BINARY32,
            8,
            True,
            True,
            Function.GELU,
            True,
            True,
        ),
    ),
    "attention": (
        Case("Q x K of a head, MX9", 256, 256, 72, HEAD, HEAD, MemoryFormat.MX9),
        Case("Q x K, 8 heads, MX9", 256, 256, 72, HEAD, HEAD, MemoryFormat.MX9, 8),
        Case("Q x K, 8 heads, MX6", 256, 256, 72, 0, 0, MemoryFormat.MX6, 8),
        Case("Q x K, 16 heads, MX9", 256, 256, 72, HEAD, HEAD, MemoryFormat.MX9, 16),
        Case("Q x K, 16 heads, MX9", 256, 256, 72, HEAD, HEAD, MemoryFormat.MX6, 16),
        Case("P x V of a head, MX9", 256, 72, 256, TOKENS, TOKENS, MemoryFormat.MX6),
        Case("P x V, 8 heads, MX9", 256, 72, 256, TOKENS, TOKENS, MemoryFormat.MX6, 8),
        Case("P x V, 16 heads, MX9", 256, 72, 256, TOKENS, TOKENS, MemoryFormat.MX6, 16),
        Case("P x V, 8 heads, MX6", 256, 72, 256, 0, 0, MemoryFormat.MX6, 8),
    ),
    "M = 2": (
        Case("2 rows, MX6", 2, 1152, 1152),
        Case("2 rows, MX9", 2, 1152, 1152, 72, 72),
    ),
    "mixes": (
        Case("MX6 x MX6", 128, 128, 1152),
        Case("MX9 x MX6", 128, 128, 1152, 72, 0),
        Case("MX6 x MX9", 128, 128, 1152, 0, 72),
        Case("MX9 x MX9", 128, 128, 1152, 72, 72),
        Case("25% x 12.5% MX9", 128, 128, 1152, 18, 9),
    ),
}
"""Products by kind: the layers of a transformer 1152 wide, with heads of 72.

Alone, and several queued behind each other, which is how a transformer runs: the first one's operands have
to be read before its first pass, those of the others are read while the one before computes. "functions" have
each product without and with what follows it, on an engine with ``function_lanes``.
"""

MEMORY_BYTES = 1 << 26
"""Holds the operands and results of every case."""


def operand(rng: np.random.Generator, rows: int, k: int, mx9: int) -> Tensor:
    """Random values ``[rows, k]``, the first ``mx9`` k-blocks in MX9, the rest in MX6."""
    x = rng.standard_normal((rows, k), dtype=np.float32)
    split = min(k, mx9 * BLOCK_SIZE)
    parts = [quantize(part, fmt) for part, fmt in ((x[:, :split], MX9), (x[:, split:], MX6)) if part.size]
    return concat(parts)


def expected_passes(case: Case, parameters: EngineParameters) -> int:
    """Passes of one product: of each tile one for each pair of MX6 blocks, two and four with MX9."""
    blocks = -(-case.k // BLOCK_SIZE)
    each = sum((1 + (n < case.a_mx9)) * (1 + (n < case.b_mx9)) for n in range(blocks))
    return -(-case.m // (parameters.rows * parameters.arrays)) * -(-case.n // parameters.cols) * each


def moved_bytes(matrices: Iterable[DeviceMatrix]) -> int:
    """Bytes of matrices that are read or written once."""
    return sum(matrix.shape[0] * matrix.row_bytes for matrix in matrices)


def measure(engine: EngineHarness, case: Case) -> dict[str, Any]:
    """Run a case, compare it with golden, and read the counters."""
    gemm, rng = Gemm(engine, timeout=3600), np.random.default_rng(0)
    p = engine.parameters
    operands = [
        (operand(rng, case.m, case.k, case.a_mx9), operand(rng, case.n, case.k, case.b_mx9))
        for _ in range(case.count)
    ]
    pairs = [(gemm.store(a), gemm.store(b)) for a, b in operands]
    old = rng.standard_normal((case.m, case.n), dtype=np.float32)
    results = [
        gemm.store(old) if case.accumulate else gemm.empty((case.m, case.n), case.out) for _ in operands
    ]
    rows = rng.standard_normal((3, case.n), dtype=np.float32)
    vectors = gemm.store(rows)
    scale = vectors.rows(0, 1) if case.scale else None
    bias = vectors.rows(1, 2) if case.bias else None
    gate = vectors.rows(2, 3) if case.gate else None
    function = case.function.name.lower() if case.function else None
    gemm.clear_counters()
    wall, started = time.perf_counter(), engine.cycles
    for (stored_a, stored_b), d in zip(pairs, results, strict=True):
        gemm.product(
            stored_a,
            stored_b,
            d,
            scale=scale,
            bias=bias,
            function=function,
            gate=gate,
            accumulate=case.accumulate,
        )
    gemm.wait()
    wall = time.perf_counter() - wall
    counters = gemm.counters()
    mismatches = 0
    for (a, b), d in zip(operands, results, strict=True):
        values = matmul(a, b, k_blocks=p.k_blocks)
        if case.scale:
            values = multiply17(values, rows[0])
        if case.bias:
            values = add_binary32(values, rows[1:2])
        values = case.function(values)
        if case.gate:
            values = multiply17(values, rows[2])
        if case.accumulate:
            values = add_binary32(values, old)
        expected = encode(values, case.out)
        found = engine.read_memory(d.address, expected.size)
        mismatches += int((found != expected.reshape(-1)).sum())
    cycles, beat = counters["CYCLES"], p.data_bits // 8
    passes = case.count * expected_passes(case, p)
    macs = case.m * case.n * passes / (-(-case.m // (p.rows * p.arrays)) * -(-case.n // p.cols))
    return {
        "case": case.name,
        "shape": f"{case.m} x {case.n} x {case.k}",
        "out": case.out.name,
        "count": case.count,
        "mismatches": mismatches,
        "utilization": counters["BUSY"] / cycles,
        "useful": macs / (p.rows * p.cols * p.arrays * cycles),
        "passes_exact": counters["BUSY"] == passes,
        "adds_up": sum(counters[name] for name in STALLS) == cycles
        and sum(counters[name] for name in PASSES) == counters["BUSY"],
        "read_share": counters["BYTES_READ"] / (cycles * beat),
        "write_share": counters["BYTES_WRITTEN"] / (cycles * beat),
        "operand_share": moved_bytes(m for pair in pairs for m in pair) / (cycles * beat),
        "expected_passes": passes,
        "counters": counters,
        "cycles_per_second": (engine.cycles - started) / wall,
    }


def failures(result: dict[str, Any]) -> list[str]:
    """What is wrong with a measurement."""
    found = []
    if result["mismatches"]:
        found.append(f"{result['mismatches']} bytes differ from golden")
    if not result["passes_exact"]:
        found.append(f"{result['counters']['BUSY']} passes, not {result['expected_passes']}")
    if not result["adds_up"]:
        found.append(f"the counters do not add up: {result['counters']}")
    return found


def print_table(
    name: str, parameters: EngineParameters, memory: Memory, results: list[dict[str, Any]]
) -> None:
    beat, latency = parameters.data_bits // 8, memory.read_latency
    table = Table(
        title=f"{name}; memory reads and writes {memory.bandwidth:g} x {beat} bytes per cycle each, after"
        f" {latency} cycles"
    )
    table.add_column("product")
    table.add_column("M x N x K")
    table.add_column("D in")
    for title in ("array busy", "useful", "bus read", "of it A, B", "bus write", "fill", "drain", "loader"):
        table.add_column(title, justify="right")
    for title in ("read", "write", "passes"):
        table.add_column(title, justify="right")
    for r in results:
        c = r["counters"]
        table.add_row(
            r["case"],
            r["shape"],
            r["out"],
            *(
                f"{r[key]:.1%}"
                for key in ("utilization", "useful", "read_share", "operand_share", "write_share")
            ),
            *(f"{c[key] / c['CYCLES']:.1%}" for key in STALLS[1:]),
            f"{c['BUSY']:,}",
        )
    Console(width=175).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--engine", action="append", choices=list(ENGINES), help="measure this one (repeat)")
    parser.add_argument("--case", action="append", choices=list(CASES), help="measure this kind (repeat)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter")
    parser.add_argument("--latency", type=int, default=40, help="cycles from a read's address to its data")
    parser.add_argument("--bandwidth", type=float, default=1.0, help="beats per cycle and direction")
    options = parser.parse_args()
    changes = {name: int(value) for name, value in (change.split("=") for change in options.set)}
    words, lanes = (changes.pop(name, 0) for name in ("result_words", "adder_lanes"))
    memory = Memory(read_latency=options.latency, bandwidth=options.bandwidth)
    found, wrong = {}, []
    for name in options.engine or DEFAULT_ENGINES:
        parameters = EngineParameters(**{**ENGINES[name], **changes})
        results = []
        kinds = options.case or [kind for kind in CASES if kind != "functions" or parameters.function_lanes]
        for kind in kinds:
            for case in CASES[kind]:
                # A harness of its own: memory is laid out alike whatever ran before.
                with EngineHarness(
                    parameters, size=MEMORY_BYTES, memory=memory, result_words=words, adder_lanes=lanes
                ) as engine:
                    results.append({"kind": kind, **measure(engine, case)})
                wrong += [f"{name}, {case.name}: {text}" for text in failures(results[-1])]
        found[name] = {"parameters": vars(parameters), "results": results}
        if not options.json:
            print_table(name, parameters, memory, results)
    if options.json:
        print(json.dumps({"memory": vars(memory), "engines": found}))
    else:
        print("array busy    share of a job's cycles in which array 0 took a pass: BUSY / CYCLES")
        print("useful        the same, rows and columns beyond D's not counted")
        print("bus read      share of the beats that memory could have delivered; of it A, B: each byte once")
        print("fill to write share of cycles without a pass, by reason")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
