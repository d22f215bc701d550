"""The other way, for comparison: functions and norms in a vector unit beside the arrays, floats in memory.

Nothing of it is hardware of this project: products run on the cycle model, what the vector unit takes is
assumed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from golden.engine import (
    FLOAT_BYTES,
    QUANTIZED_FORMATS,
    Descriptor,
    Function,
    MemoryFormat,
    Norm,
    Operation,
    row_bytes,
)
from mixdit.compiler.program import Program
from perf.speedup.builds import Build

__all__ = ["LANES", "FloatsTime", "VectorWork", "without_functions"]

LANES = 16
"""Values per cycle of the vector unit beside each engine: as many as one of its arrays has function lanes."""

SOFTMAX_PASSES, NORM_PASSES, FUNCTION_PASSES = 3, 2, 1
"""Cycles of a lane for each value. A softmax finds the maximum, then exponentials and a sum, then divides; a
norm finds sum and sum of squares, then scales. Rows stay in the unit meanwhile."""

_PASSES = {
    Norm.NONE: FUNCTION_PASSES,
    Norm.LAYER: NORM_PASSES,
    Norm.RMS: NORM_PASSES,
    Norm.EXPONENTIAL: SOFTMAX_PASSES,
}


@dataclass(frozen=True, kw_only=True)
class VectorWork:
    """What a vector unit does.

    Parameters
    ----------
    values:
        Values times the passes over each.
    bytes_moved:
        From memory and to it.
    """

    values: int = 0
    bytes_moved: int = 0

    def __add__(self, other: "VectorWork") -> "VectorWork":
        return VectorWork(values=self.values + other.values, bytes_moved=self.bytes_moved + other.bytes_moved)

    def __mul__(self, times: int) -> "VectorWork":
        return VectorWork(values=times * self.values, bytes_moved=times * self.bytes_moved)


@dataclass(frozen=True, kw_only=True)
class FloatsTime:
    """What a step takes that way.

    Parameters
    ----------
    counters:
        The performance counters of the engine that has most to do, over all blocks, for its products.
    work:
        Of the vector unit beside it.
    build:
        The engines.
    """

    counters: Mapping[str, int]
    work: VectorWork
    build: Build

    @property
    def seconds(self) -> tuple[float, float]:
        """Of a step: with all work of the vector unit beside products, and with none."""
        clock = self.build.clock_mhz * 1e6
        products, lanes = self.counters["CYCLES"] / clock, self.work.values / LANES / clock
        share = self.build.bandwidth / self.build.engines
        moved = self.counters["BYTES_READ"] + self.counters["BYTES_WRITTEN"] + self.work.bytes_moved
        alone = max(lanes, self.work.bytes_moved / share)
        return max(products, lanes, moved / share), products + alone

    @property
    def bytes_moved(self) -> int:
        """Of memory, all engines and vector units together."""
        of_one = self.counters["BYTES_READ"] + self.counters["BYTES_WRITTEN"] + self.work.bytes_moved
        return self.build.engines * of_one


def without_functions(program: Program) -> tuple[Program, VectorWork]:
    """The jobs that are left to engines without functions, and what a vector unit does in place of the rest.

    What it works on is written as binary32 and read again. Scales of queries are taken to be in their
    weights, and channels to be permuted on the way.
    """
    scores = {job.descriptor.d_address for job in program.jobs if job.descriptor.function == Function.EXP2}
    jobs, work, room = [], VectorWork(), 0
    for job in program.jobs:
        kept, done = _divided(job.descriptor, scores, program.memory.stop)
        work += done
        if kept is not None:
            jobs.append(replace(job, descriptor=kept))
            room = max(room, kept.m * kept.d_pitch if kept.d_address == program.memory.stop else 0)
    memory = range(program.memory.start, program.memory.stop + room)
    parameters = replace(program.parameters, function_lanes=0)
    return replace(program, jobs=tuple(jobs), memory=memory, parameters=parameters), work


def _divided(d: Descriptor, scores: set[int], floats: int) -> tuple[Descriptor | None, VectorWork]:
    """What an engine does of a job, floats going to an address, and what a vector unit."""
    rows_read, rows_written = FLOAT_BYTES * d.n, row_bytes(MemoryFormat(d.d_format), d.n, d.d_mx9_blocks)
    if d.operation == Operation.REORDER:
        if d.divide or (not d.norm and d.d_format in QUANTIZED_FORMATS):
            return (None if d.divide else d), VectorWork()  # the softmax has divided
        passes = _PASSES[Norm(d.norm)]
        moved = d.m * (rows_read + rows_written)
        return None, VectorWork(values=passes * d.m * d.n, bytes_moved=moved)
    if d.a_address in scores:
        return replace(d, n=d.n - 1), VectorWork()  # without a column of ones, which gives the sums
    plain = replace(d, function=0, scale=0, gate=0, gate_by_row=0)
    plain = plain if d.bias else replace(plain, bias_address=0)
    if not d.function and not (d.gate and d.accumulate):
        return plain, VectorWork()
    passes = SOFTMAX_PASSES if d.function == Function.EXP2 else FUNCTION_PASSES
    old = rows_read if d.accumulate else 0
    done = VectorWork(values=passes * d.m * d.n, bytes_moved=d.m * (rows_read + old + rows_written))
    result = replace(plain, d_format=int(MemoryFormat.BINARY32), d_mx9_blocks=0)
    return replace(result, accumulate=0, d_address=floats, d_pitch=rows_read), done
