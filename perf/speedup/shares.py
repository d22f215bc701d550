"""What one of several engines does of a program."""

from dataclasses import replace

from golden.engine import Descriptor, Operation
from golden.formats import BLOCK_SIZE
from mixdit.compiler.program import Program

__all__ = ["share_of"]


def share_of(program: Program, engines: int) -> Program:
    """The jobs of the engine that has most to do, when ``engines`` share every job.

    Rows of the result are shared, in whole blocks; of products whose rows are too few, as of modulations
    with a row per sample, columns. The first engine has the most. Where jobs wait for others,
    engines would wait for each other: that costs some cycles per job and is left out.
    """
    jobs = tuple(replace(job, descriptor=_share(job.descriptor, engines)) for job in program.jobs)
    return replace(program, jobs=jobs)


def _share(d: Descriptor, engines: int) -> Descriptor:
    by_rows = replace(d, m=_part(d.m, engines))
    if d.operation == Operation.REORDER or d.m >= engines * BLOCK_SIZE or d.m > d.n:
        return by_rows
    return replace(d, n=_part(d.n, engines))


def _part(count: int, engines: int) -> int:
    """So many of ``count``, in blocks."""
    blocks = -(-count // BLOCK_SIZE)
    return min(count, -(-blocks // engines) * BLOCK_SIZE)
