"""Multiply-accumulates of a program's products: all of them, and what one engine does of them."""

from dataclasses import dataclass

from golden.engine import Operation
from golden.formats import BLOCK_SIZE
from mixdit.compiler.program import Job, Program

__all__ = ["Work", "products_of", "work_of"]


@dataclass(frozen=True, kw_only=True)
class Work:
    """Multiply-accumulates of products.

    Parameters
    ----------
    shared:
        Of the jobs that all engines share.
    own:
        Of the engine that has most to do.
    filled:
        The same, K filled up to whole blocks.
    """

    shared: int
    own: int
    filled: int

    def __add__(self, other: "Work") -> "Work":
        return Work(
            shared=self.shared + other.shared, own=self.own + other.own, filled=self.filled + other.filled
        )

    def __mul__(self, times: int) -> "Work":
        return Work(shared=times * self.shared, own=times * self.own, filled=times * self.filled)


def work_of(program: Program, share: Program) -> Work:
    """That of a program, of which an engine does ``share``."""
    return Work(
        shared=sum(_macs(job) for job in program.jobs),
        own=sum(_macs(job) for job in share.jobs),
        filled=sum(_macs(job, BLOCK_SIZE) for job in share.jobs),
    )


def products_of(program: Program) -> tuple[Job, ...]:
    """Its jobs without those that multiply nothing: norms, divisions, permutations."""
    return tuple(job for job in program.jobs if job.descriptor.operation == Operation.PRODUCT)


def _macs(job: Job, block: int = 1) -> int:
    d = job.descriptor
    return d.m * d.n * -(-d.k // block) * block if d.operation == Operation.PRODUCT else 0
