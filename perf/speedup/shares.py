"""What one of several engines does of a program."""

from dataclasses import replace

from golden.engine import Descriptor, Operation
from golden.formats import BLOCK_SIZE
from mixdit.compiler.program import Program

__all__ = ["share_of"]


def share_of(program: Program, engines: int) -> Program:
    """The jobs of the engine that has most to do, when ``engines`` share every job.

    Heads go to the engines in turn. Of other products, rows of the result are shared if there are more rows
    than columns, else columns, so that each engine reads a part of the larger operand; of all other jobs
    rows; in whole blocks. The first engine has the most. Where jobs need what others made, engines wait for
    each other: some cycles per job, which are left out.
    """
    heads = 1 + max((job.of_head[1] for job in program.jobs if job.of_head), default=0)
    jobs = []
    for job in program.jobs:
        if job.of_head is None:
            jobs.append(replace(job, descriptor=_share(job.descriptor, engines)))
            continue
        sample, head = job.of_head
        if (sample * heads + head) % engines == 0:
            jobs.append(job)
    return replace(program, jobs=tuple(jobs))


def _share(d: Descriptor, engines: int) -> Descriptor:
    if d.operation == Operation.REORDER or d.m >= d.n:
        return replace(d, m=_part(d.m, engines))
    columns = _part(d.n, engines)
    return replace(d, n=columns, d_mx9_blocks=min(d.d_mx9_blocks, -(-columns // BLOCK_SIZE)))


def _part(count: int, engines: int) -> int:
    """So many of ``count``, in blocks."""
    blocks = -(-count // BLOCK_SIZE)
    return min(count, -(-blocks // engines) * BLOCK_SIZE)
