"""Jobs of extreme shapes: very long rows, very many of them, all over a large memory."""

from collections.abc import Mapping

import numpy as np

from golden.engine import Descriptor, EngineParameters, Operation, Region, regions
from golden.formats import BLOCK_SIZE, MX9
from mixdit.sim import Memory
from verif.hw.gemm.checked_engine import CheckedEngine
from verif.hw.gemm.listed_jobs import LIST_ROOM
from verif.hw.gemm.random_jobs import CASES, Job, random_job, random_sizes
from verif.hw.gemm.reorder_jobs import random_reorder_job
from verif.hw.gemm.sparse_layout import SparseLayout

__all__ = ["MEMORY_BITS", "SHAPES", "extreme_jobs", "fill_gaps", "shapes", "steady_memory", "work"]

MEMORY_BITS = 38
"""Of addresses in the memory, if the engine has as many."""

SHAPES: Mapping[str, tuple[int, int]] = {
    "long k": (16_000, 24_000),
    "long m": (2_000, 4_000),
    "long n": (2_000, 4_000),
    "huge k": (100_000, 250_000),
    "huge m": (100_000, 250_000),
    "huge n": (100_000, 250_000),
    "long rows": (2_000, 4_000),
    "huge rows": (100_000, 250_000),
}
"""Which size is extreme, and what it is at least and below; of row jobs it is M."""

_OTHERS = 48
"""What the other sizes are up to."""

_MOST_WORK = 1_500_000
"""Cycles of a job, by ``work``."""

_ROW_CYCLES = 150
"""What a row's statistics take at most, about."""

_GAP = 64
"""Bytes behind each row that are not left 0, so that who reads them is found out."""


def work(p: EngineParameters, d: Descriptor) -> int:
    """Cycles that a job takes at most, about, behind a memory that gives a beat in each."""
    beat = p.data_bits // 8
    if d.operation == Operation.REORDER:
        return d.m * (8 * d.n // beat + -(-d.n // BLOCK_SIZE) + _ROW_CYCLES * (d.norm > 0) + 4)
    row_tiles, column_tiles, blocks = -(-d.m // (p.rows * p.arrays)), -(-d.n // p.cols), -(-d.k // BLOCK_SIZE)
    passes = row_tiles * column_tiles * 4 * blocks
    sums = d.m * d.n * -(-blocks // p.k_blocks)
    read = (d.m * -(-d.n // BLOCK_SIZE) + d.n * row_tiles) * (blocks * MX9.block_bytes // beat + 1)
    return passes + sums + read


def shapes(p: EngineParameters) -> list[str]:
    """The shapes that an engine can have."""
    return [name for name in SHAPES if p.reorder_columns or not name.endswith("rows")]


def extreme_jobs(rng: np.random.Generator, memory: range, p: EngineParameters, shape: str) -> list[Job]:
    """A job of one of ``SHAPES`` that ends within a minute or so, with ordinary ones around it.

    Small engines, and those with little memory, get smaller ones.
    """
    layout = SparseLayout(rng, memory)
    least, most = SHAPES[shape]
    size, others = int(rng.integers(least, most)), _OTHERS
    while True:
        start = layout.next
        job = _job(rng, layout, p, shape.partition(" ")[2], size, others)
        if work(p, job.descriptor) <= _MOST_WORK and layout.next <= memory.stop - len(memory) // 4:
            break
        layout.next = start
        others, size = (others // 2, size) if others > 1 else (others, size // 2)
    functions = p.function_lanes > 0
    before, behind = (
        [random_job(rng, layout, **random_sizes(rng, p), functions=functions) for _ in range(count)]
        for count in rng.integers(0, 2, 2)
    )
    jobs = [*before, job, *behind]
    assert layout.next <= memory.stop - LIST_ROOM
    return jobs


def _job(
    rng: np.random.Generator, layout: SparseLayout, p: EngineParameters, long: str, size: int, others: int
) -> Job:
    """A job with one size given, the other ones up to ``others``."""
    functions = p.function_lanes > 0
    if long == "rows":
        n = int(rng.integers(1, min(others, p.reorder_columns) + 1))
        return random_reorder_job(rng, layout, m=size, n=n, functions=functions)
    sizes = {name: int(rng.integers(1, others + 1)) for name in "mnk"} | {long: size}
    return random_job(rng, layout, **sizes, case=str(rng.choice(CASES)), functions=functions)


def steady_memory(rng: np.random.Generator) -> Memory:
    """Memory that does not make long jobs take for ever."""
    return Memory(
        read_latency=int(rng.choice((1, 20, 100))),
        write_latency=int(rng.choice((1, 20, 100))),
        bandwidth=float(rng.choice((1, 1, 0.7))),
        outstanding=int(rng.choice((8, 64))),
        stall=float(rng.choice((0, 0, 0.1))),
        seed=int(rng.integers(1 << 32)),
    )


def fill_gaps(checked: CheckedEngine, job: Job) -> None:
    """Write random bytes between the rows of a job's matrices."""
    for region in regions(job.descriptor).values():
        if region.rows > 1:
            _fill(checked, region)


def _fill(checked: CheckedEngine, region: Region) -> None:
    shape = region.rows - 1, min(region.pitch, region.row_bytes + _GAP)
    noise = checked.rng.integers(0, 256, shape, dtype=np.uint8)
    for memory in (checked.engine.data, checked.expected.data):
        rows = memory[region.address - checked.origin : region.end - checked.origin]
        np.lib.stride_tricks.as_strided(rows, shape, (region.pitch, 1))[:] = noise
