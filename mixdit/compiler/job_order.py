"""The order of jobs: row jobs where products run beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from golden.engine import Descriptor, EngineParameters, MemoryFormat, Operation, regions
from golden.formats import BLOCK_SIZE
from mixdit.compiler.program import Job

__all__ = ["overlapping"]

_UNDER_WAY = 3
"""Jobs that an engine has under way."""

_WINDOW = 64
"""Jobs not yet placed among which the next one is looked for."""

_LATENCY, _FILL, _CHECK = 150, 250, 200
"""Cycles, roughly: of results to memory, of first operands to the arrays, of the check of a descriptor."""

_BLOCK_CYCLES = 4
"""Cycles, roughly, that 16 elements take on their way through the reorder path."""


def overlapping(jobs: Sequence[Job], parameters: EngineParameters) -> list[Job]:
    """The jobs in an order that leaves the same in memory, and in which they wait less for each other.

    A job stays behind each one before it that writes what it touches, or reads what it writes. Among those
    that may be next, a rough model of the engine chooses: the product whose operands are there first, or a
    row job that delays no product; of equals the first one.
    """
    needs, waits = _needs([job.descriptor for job in jobs])
    engine = _Engine(
        [_cycles(job.descriptor, parameters) for job in jobs],
        [job.descriptor.operation == Operation.REORDER for job in jobs],
        waits,
    )
    left = list(range(len(jobs)))
    while left:
        ready = [n for n in left[:_WINDOW] if needs[n] <= engine.placed.keys()]
        job = engine.next(ready)
        engine.place(job)
        left.remove(job)
    return [jobs[n] for n in engine.placed]


@dataclass
class _Engine:
    """What the jobs placed so far do, by rough estimates.

    Parameters
    ----------
    cycles, is_row:
        What each job takes where nothing waits, and whether it is a row job.
    waits:
        The jobs that have to be done before each one starts.
    placed:
        Cycle in which each job placed is done, in their order.
    """

    cycles: list[int]
    is_row: list[bool]
    waits: list[set[int]]
    placed: dict[int, int] = field(default_factory=dict)
    _issued: int = 0
    _free: list[int] = field(default_factory=lambda: [0, 0])

    def next(self, ready: Sequence[int]) -> int:
        """The job to place, of one or more that may be next."""
        rows = [n for n in ready if self.is_row[n]]
        products = [n for n in ready if not self.is_row[n]]
        if not rows or not products:
            return min(ready, key=self._start)
        row, product = min(rows, key=self._start), min(products, key=self._start)
        behind = replace(self, placed=dict(list(self.placed.items())[-_UNDER_WAY:]), _free=list(self._free))
        behind.place(row)
        return row if behind._start(product) <= self._start(product) else product

    def place(self, job: int) -> None:
        """Put a job behind those placed."""
        start, row = self._start(job), self.is_row[job]
        self._issued = self._issue(job)
        self._free[row] = start + self.cycles[job]
        self.placed[job] = max(next(reversed(self.placed.values()), 0), self._free[row] + _LATENCY)

    def _issue(self, job: int) -> int:
        """When a job can be given to the engine: few are under way, none that it waits for, one of rows."""
        at = self._issued + _CHECK
        if self.is_row[job] and self._free[True]:
            at = max(at, self._free[True] + _LATENCY)
        for back, other in enumerate(reversed(self.placed), 1):
            if back == _UNDER_WAY or other in self.waits[job]:
                at = max(at, self.placed[other])
            if back == _UNDER_WAY:
                break
        return at

    def _start(self, job: int) -> int:
        """When a job could begin to compute."""
        at = self._issue(job)
        return at if self.is_row[job] else max(at + _FILL, self._free[False])


def _cycles(d: Descriptor, p: EngineParameters) -> int:
    """Cycles that a job takes alone, roughly."""
    moved = sum(region.rows * region.row_bytes for region in regions(d).values()) * 8 // p.data_bits
    if d.operation == Operation.REORDER:
        return max(moved, d.m * -(-d.n // BLOCK_SIZE) * _BLOCK_CYCLES)
    tiles = -(-d.m // (p.rows * p.arrays)) * -(-d.n // p.cols)
    blocks = -(-d.k // BLOCK_SIZE)
    passes = [
        blocks * 2 if fmt in (MemoryFormat.MX9, MemoryFormat.MXINT8) else blocks + min(leading, blocks)
        for fmt, leading in ((d.a_format, d.a_mx9_blocks), (d.b_format, d.b_mx9_blocks))
    ]
    return max(moved, tiles * passes[0] * passes[1] // blocks)


def _needs(descriptors: Sequence[Descriptor]) -> tuple[list[set[int]], list[set[int]]]:
    """Of each job those before it that it must stay behind, and those for which it waits.

    A product writes when those before have read: it need not wait for them, nor a row job for row jobs.
    """
    needs: list[set[int]] = []
    waits: list[set[int]] = []
    count = len(descriptors)
    written, read = np.zeros((count, 2), np.int64), np.zeros((count, 3, 2), np.int64)
    operation = np.array([d.operation for d in descriptors])
    for n, d in enumerate(descriptors):
        own = regions(d)
        d_place = own.pop("D")
        written[n] = d_place.address, d_place.end
        for k, region in enumerate(own.values()):
            read[n, k] = region.address, region.end
        touches = _meet(written[n], written[:n])
        for k in range(len(own)):
            touches |= _meet(read[n, k], written[:n])
        writes = _meet(written[n], read[:n]).any(-1)
        needs.append(set(np.flatnonzero(touches | writes).tolist()))
        waits.append(set(np.flatnonzero(touches | (writes & (operation[:n] != d.operation))).tolist()))
    return needs, waits


def _meet(one: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a range of addresses meets each of others ``[..., 2]``."""
    meets: NDArray[np.bool_] = (one[0] < others[..., 1]) & (others[..., 0] < one[1])
    return meets
