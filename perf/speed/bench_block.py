"""How many cycles the engine takes for a transformer block, from tokens to tokens.

Run ``python -m perf.speed.bench_block``, which takes some minutes; ``--json`` prints one JSON object,
``--shape digits-64`` is a smaller block, ``--activation MX9`` another format, ``--samples 2`` takes two at a
time, ``--set data_bits=512`` changes a parameter of the engine. ``--by-job`` runs the jobs one by one, each
after the one before has ended, and prints what the jobs of each kind take: more than together.

The engine is Verilated, with a memory that delivers a beat per cycle; weights and tokens are random. Every
byte of memory is compared with that of the golden engine.
"""

import argparse
import json
import re
import sys
from collections import Counter
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from golden import FORMATS, MX6, MX9
from golden.engine import EngineParameters
from mixdit.compiler.block_compiler import compile_blocks
from mixdit.compiler.block_plan import BlockPlan
from mixdit.compiler.program import Program
from mixdit.compiler.program_run import ProgramRunner
from mixdit.compiler.random_weights import random_weights
from mixdit.driver import ModelPort
from mixdit.sim import EngineHarness

ENGINE = {"rows": 8, "cols": 8, "data_bits": 256, "stationary_tiles": 8, "function_lanes": 16}
"""Parameters of the engine, the others have their defaults; the reorder unit takes rows of the width."""

SHAPES = {
    "DiT-XL/2": {"tokens": 256, "heads": 16, "head_width": 72, "hidden": 4608},
    "digits-64": {"tokens": 64, "heads": 5, "head_width": 64, "hidden": 640},
    "digits-16": {"tokens": 16, "heads": 4, "head_width": 32, "hidden": 512},
}

PATIENCE = 10**10
"""Cycles within which a program ends."""


def measure(program: Program, rng: np.random.Generator, by_job: bool) -> dict[str, Any]:
    """Run a program on both engines, and read the counters."""
    memory = program.memory
    size = -(-len(memory) // 64) * 64
    tokens, condition = (
        rng.standard_normal(program.matrix(name).shape, dtype=np.float32) for name in ("tokens", "condition")
    )
    model = ModelPort(program.parameters, size, memory.start)
    ProgramRunner(program, model)(tokens, condition)
    with EngineHarness(program.parameters, size=size, origin=memory.start, patience=PATIENCE) as harness:
        runner = ProgramRunner(program, harness, float("inf"))
        runner.engine.clear_counters()
        runner(tokens, condition)
        counters = runner.engine.counters()
        found, expected = (port.read_memory(memory.start, size) for port in (harness, model))
        kinds = _by_kind(program, runner) if by_job else {}
    return {
        "jobs": len(program.jobs),
        "multiply_accumulates": program.multiplications,
        "counters": counters,
        "busy": counters["BUSY"] / counters["CYCLES"],
        "cycles_by_kind": kinds,
        "mismatches": int((found != expected).sum()),
    }


def _by_kind(program: Program, runner: ProgramRunner) -> dict[str, int]:
    """Cycles of the jobs by what they are for, whatever head, one after the other."""
    cycles: Counter[str] = Counter()
    engine = runner.engine
    for job in program.jobs:
        engine.clear_counters()
        engine.wait(engine.submit(job.descriptor))
        kind = re.sub(r" of head \d+", "", job.name.rpartition(": ")[2])
        cycles[kind] += engine.counters()["CYCLES"]
    return dict(cycles)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--shape", choices=list(SHAPES), default="DiT-XL/2", help="of the block")
    parser.add_argument("--samples", type=int, default=1, help="samples at a time")
    parser.add_argument(
        "--activation", choices=["MX4", "MX6", "MX9"], default="MX6", help="but of heads, MX9"
    )
    parser.add_argument("--by-job", action="store_true", help="cycles of each kind of job, too")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter")
    options = parser.parse_args()
    shape, rng = SHAPES[options.shape], np.random.default_rng(0)
    width = shape["heads"] * shape["head_width"]
    changes = {name: int(value) for name, value in (change.split("=") for change in options.set)}
    parameters = EngineParameters(**{**ENGINE, "reorder_columns": width, **changes})
    weights = random_weights(
        rng, heads=shape["heads"], head_width=shape["head_width"], hidden=shape["hidden"]
    )
    plan = BlockPlan.uniform(weights, weight=MX6, activation=FORMATS[options.activation], head=MX9)
    program = compile_blocks(
        [(weights, plan)], tokens=shape["tokens"], samples=options.samples, parameters=parameters
    )
    result = measure(program, rng, options.by_job)
    if options.json:
        print(json.dumps({"parameters": vars(parameters), "shape": options.shape, **result}))
    else:
        _print(options.shape, parameters, result)
    if result["mismatches"]:
        sys.exit(f"{result['mismatches']} bytes differ from golden's")


def _print(shape: str, parameters: EngineParameters, result: dict[str, Any]) -> None:
    counters, p = result["counters"], parameters
    table = Table(title=f"a block of {shape}, {p.rows}x{p.cols} engine, a port of {p.data_bits} bits")
    for title in ("", "cycles", "share"):
        table.add_column(title, justify="right" if title else "left")
    names = {"CYCLES": "all", "BUSY": "arrays busy", "READ_STALL": "wait for operands"}
    names |= {"WRITE_STALL": "wait for writes", "DRAIN": "drain"}
    for name, text in names.items():
        table.add_row(text, f"{counters[name]:,}", f"{counters[name] / counters['CYCLES']:.1%}")
    if kinds := result["cycles_by_kind"]:
        table.add_section()
        total = sum(kinds.values())
        for kind, cycles in kinds.items():
            table.add_row(kind, f"{cycles:,}", f"{cycles / total:.1%}")
    console = Console(width=100)
    console.print(table)
    read, written = (counters[name] / 1e6 for name in ("BYTES_READ", "BYTES_WRITTEN"))
    console.print(f"{result['jobs']} jobs, {read:.1f} MB read, {written:.1f} MB written", highlight=False)


if __name__ == "__main__":
    main()
