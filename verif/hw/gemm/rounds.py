"""Rounds of random jobs that are queued together, and which features of a descriptor they have."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from golden.engine import Descriptor, EngineParameters, Function, MemoryFormat, Norm, Operation
from golden.formats import BLOCK_SIZE
from verif.hw.gemm.dependent_jobs import dependent_jobs
from verif.hw.gemm.meeting_jobs import meeting_jobs
from verif.hw.gemm.random_jobs import CASES, Job, Layout, random_job, random_sizes
from verif.hw.gemm.reorder_jobs import random_reorder_job

__all__ = [
    "EPILOGUES",
    "FEATURES",
    "RANGES",
    "REORDER_FEATURES",
    "ROW_FUNCTIONS",
    "features",
    "format_name",
    "random_round",
    "range_kind",
]

FEATURES = (
    "bias", "accumulate", "bias and accumulate", "A stays", "B stays", "M = 1", "N = 1", "K = 1",
    "one tile of D", "whole tiles of D", "edge in M", "edge in N", "edge in K", "one chunk", "two chunks",
    "more chunks", "mixed A", "mixed B", "mixed D", "gaps between rows",
)  # fmt: skip
"""Of products."""

EPILOGUES = (
    "scale", "scale and bias", "gate by row", "gate by row of several tiles", "bias and gate by row",
    "scale and gate", "function and gate", "function and accumulate", "function, gate and accumulate",
    "all at once", "all at once by row", "all at once in several chunks",
)  # fmt: skip
"""Of products on an engine with functions."""

REORDER_FEATURES = ("reorder", "reorder with permutation", "reorder binary32", "reorder bfloat16")
"""Of reorder jobs."""

ROW_FUNCTIONS = (
    "divide", "exponentials", "exponentials with permutation", "layer norm", "RMS norm", "norm with bias",
    "norm with gate", "norm with bias and gate", "norm with permutation", "norm of one element",
    "norm of several blocks", "rows to binary32", "rows to bfloat16",
)  # fmt: skip
"""Of reorder jobs on an engine with functions."""

RANGES = ("2^x", "divide", "norm", "exponentials")
"""Of what results may be out of range; the last three are of reorder jobs."""


def random_round(rng: np.random.Generator, layout: Layout, p: EngineParameters) -> list[Job]:
    """One to eight jobs for the queue, some on what those before wrote or read."""
    kind = rng.random()
    if p.reorder_columns and rng.random() < 0.3:
        return meeting_jobs(rng, layout, p)
    if kind < 0.15:
        return dependent_jobs(rng, layout, p)
    jobs = [_job(rng, layout, p) for _ in range(int(rng.integers(1, 7)))]
    if kind < 0.3 and p.reorder_columns:
        jobs += _reorder_and_multiply(rng, layout, p)
    return jobs


def _job(rng: np.random.Generator, layout: Layout, p: EngineParameters) -> Job:
    sizes = random_sizes(rng, p)
    if p.reorder_columns and rng.random() < 0.3:
        n = int(rng.integers(1, p.reorder_columns + 1)) if rng.random() < 0.9 else 1
        return random_reorder_job(rng, layout, m=sizes["m"], n=n, functions=p.function_lanes > 0)
    for name in "mnk":
        if rng.random() < 0.05:
            sizes[name] = 1
    functions = p.function_lanes > 0
    return random_job(rng, layout, **sizes, case=str(rng.choice(CASES)), functions=functions)


def _reorder_and_multiply(rng: np.random.Generator, layout: Layout, p: EngineParameters) -> list[Job]:
    """A reorder job, and a product of what it makes."""
    n = int(rng.integers(1, p.reorder_columns + 1))
    options = {"functions": p.function_lanes > 0, "floats": False}
    made = random_reorder_job(rng, layout, m=random_sizes(rng, p)["m"], n=n, **options)
    d = made.descriptor
    columns = random_sizes(rng, p)["n"]
    product = random_job(rng, layout, m=d.m, n=columns, k=d.n, functions=p.function_lanes > 0)
    chained = replace(
        product.descriptor,
        a_address=d.d_address,
        a_pitch=d.d_pitch,
        a_format=d.d_format,
        a_mx9_blocks=d.d_mx9_blocks,
    )
    return [made, replace(product, descriptor=chained)]


def format_name(fmt: int, mx9_blocks: int) -> str:
    """How a matrix is stored, such as ``MX9+MX6``."""
    return f"{'MX9+' if mx9_blocks else ''}{MemoryFormat(fmt).name}"


def range_kind(d: Descriptor) -> str | None:
    """Which of ``RANGES`` a job makes, if any."""
    kinds = {
        "2^x": d.function == Function.EXP2,
        "divide": d.divide,
        "norm": d.norm in (Norm.LAYER, Norm.RMS),
        "exponentials": d.norm == Norm.EXPONENTIAL,
    }
    return next((kind for kind, is_so in kinds.items() if is_so), None)


def features(d: Descriptor, p: EngineParameters) -> Iterator[str]:
    """Those of ``FEATURES`` and ``EPILOGUES``, or ``REORDER_FEATURES`` and ``ROW_FUNCTIONS``, of a job."""
    if d.operation == Operation.REORDER:
        yield "reorder with permutation" if d.permute else "reorder"
        exponential = d.norm == Norm.EXPONENTIAL
        found = {
            "divide": d.divide,
            "layer norm": d.norm == Norm.LAYER,
            "RMS norm": d.norm == Norm.RMS,
            "exponentials": exponential and not d.permute,
            "exponentials with permutation": exponential and d.permute,
            "norm with bias": d.bias and not d.gate,
            "norm with gate": d.gate and not d.bias,
            "norm with bias and gate": d.bias and d.gate,
            "norm with permutation": d.norm and not exponential and d.permute,
            "norm of one element": d.norm and d.n == 1,
            "norm of several blocks": d.norm and d.n > BLOCK_SIZE,
            "rows to binary32": d.d_format == MemoryFormat.BINARY32,
            "rows to bfloat16": d.d_format == MemoryFormat.BFLOAT16,
        }
        yield from (name for name in ROW_FUNCTIONS if found[name])
        yield f"reorder {MemoryFormat(d.a_format).name.lower()}"
        return
    rows, blocks = p.rows * p.arrays, -(-d.k // BLOCK_SIZE)
    chunks = -(-blocks // p.k_blocks)
    found = {
        "bias": d.bias,
        "accumulate": d.accumulate,
        "bias and accumulate": d.bias and d.accumulate,
        "A stays": not d.keep_b,
        "B stays": d.keep_b,
        "M = 1": d.m == 1,
        "N = 1": d.n == 1,
        "K = 1": d.k == 1,
        "one tile of D": d.m <= rows and d.n <= p.cols,
        "whole tiles of D": d.m % rows == 0 and d.n % BLOCK_SIZE == 0,
        "edge in M": d.m % rows,
        "edge in N": d.n % BLOCK_SIZE,
        "edge in K": d.k % BLOCK_SIZE,
        "one chunk": chunks == 1,
        "two chunks": chunks == 2,
        "more chunks": chunks > 2,
        "mixed A": 0 < d.a_mx9_blocks < blocks,
        "mixed B": 0 < d.b_mx9_blocks < blocks,
        "mixed D": 0 < d.d_mx9_blocks < -(-d.n // BLOCK_SIZE),
        "gaps between rows": d.d_pitch > 4 * d.n,
    }
    yield from (name for name, has in found.items() if has)
    if p.function_lanes:
        yield from _epilogues(d, p)


def _epilogues(d: Descriptor, p: EngineParameters) -> Iterator[str]:
    """Those of ``EPILOGUES`` that a product has."""
    rows, chunks = p.rows * p.arrays, -(-d.k // (BLOCK_SIZE * p.k_blocks))
    all_at_once = d.scale and d.bias and d.function and d.gate and d.accumulate
    found = {
        "scale": d.scale,
        "scale and bias": d.scale and d.bias,
        "gate by row": d.gate_by_row,
        "gate by row of several tiles": d.gate_by_row and d.m > rows,
        "bias and gate by row": d.bias and d.gate_by_row,
        "scale and gate": d.scale and d.gate,
        "function and gate": d.function and d.gate,
        "function and accumulate": d.function and d.accumulate,
        "function, gate and accumulate": d.function and d.gate and d.accumulate,
        "all at once": all_at_once and not d.gate_by_row,
        "all at once by row": all_at_once and d.gate_by_row,
        "all at once in several chunks": all_at_once and chunks > 1,
    }
    yield from (name for name, has in found.items() if has)
