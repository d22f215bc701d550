"""Faults at random moments of random jobs: what the engine must do about each, and what it did."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from golden.engine import (
    Descriptor,
    EngineParameters,
    ErrorCode,
    check,
    regions,
)
from mixdit.sim import Fault, Memory, Response
from verif.hw.gemm.bad_descriptors import spoiled
from verif.hw.gemm.checked_engine import CheckedEngine, HangError, random_memory
from verif.hw.gemm.random_jobs import Job, Layout, random_job, random_sizes
from verif.hw.gemm.reorder_jobs import random_reorder_job
from verif.hw.gemm.rounds import random_round

__all__ = ["KINDS", "MUST_BE_ZERO", "FaultCampaign"]

BUS_FAULTS = {
    "SLVERR on a read": (Fault(writes=False, beat=0, response=Response.SLVERR),),
    "DECERR on a read": (Fault(writes=False, beat=0, response=Response.DECERR),),
    "SLVERR on a write": (Fault(writes=True, beat=0, response=Response.SLVERR),),
    "DECERR on a write": (Fault(writes=True, beat=0, response=Response.DECERR),),
    "many reads and writes": (
        Fault(writes=False, beat=0, beats=10, response=Response.SLVERR),
        Fault(writes=True, beat=0, beats=10, response=Response.DECERR),
    ),
}

KINDS = (*BUS_FAULTS, "soft reset", "reset", "bad descriptor", "bad permutation")

MUST_BE_ZERO = (
    "hangs",
    "writes outside D",
    "wrong results as good",
    "unreported",
    "wrong code or address",
    "not recovered",
)
"""What counts trials that ended badly."""

_CODES = {
    (False, Response.SLVERR): ErrorCode.READ_SLAVE_ERROR,
    (False, Response.DECERR): ErrorCode.READ_DECODE_ERROR,
    (True, Response.SLVERR): ErrorCode.WRITE_SLAVE_ERROR,
    (True, Response.DECERR): ErrorCode.WRITE_DECODE_ERROR,
}

_ERROR_EVENT = 2

_ZERO_AFTER_RESET = ("STATUS", "ERROR_CODE", "JOBS_DONE", "JOBS_SUBMITTED")


@dataclass
class FaultCampaign:
    """Trials on one engine: a round of jobs, a fault, what memory holds then, a soft reset, another job.

    Parameters
    ----------
    checked:
        The engine.
    rng:
        Source of randomness.

    Attributes
    ----------
    counts:
        For each kind: ``trials``, ``injected`` (those in which the fault took place) and ``MUST_BE_ZERO``.
    """

    checked: CheckedEngine
    rng: np.random.Generator
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    _start: int = 0

    @property
    def parameters(self) -> EngineParameters:
        return self.checked.parameters

    def kinds(self) -> tuple[str, ...]:
        """The kinds that this engine can suffer."""
        return tuple(kind for kind in KINDS if kind != "bad permutation" or self.parameters.reorder_columns)

    def trial(self, kind: str) -> None:
        """One fault of one kind, and the recovery from it."""
        count = self.counts.setdefault(kind, Counter())
        count["trials"] += 1
        engine = self.checked.engine
        engine.set_memory(random_memory(self.rng))
        engine.written[:] = 0
        self._start = engine.read("JOBS_DONE")
        try:
            if kind in BUS_FAULTS:
                found = self._bus_fault(BUS_FAULTS[kind])
            elif kind in ("soft reset", "reset"):
                found = self._reset(hard=kind == "reset")
            elif kind == "bad descriptor":
                found = self._bad_descriptor()
            else:
                found = self._bad_permutation()
            count.update(found)
        except HangError:
            count["hangs"] += 1
            engine.reset()
            self.checked.enable_interrupts()
        engine.inject()
        if not self._recovers(hard=kind == "reset"):
            count["not recovered"] += 1

    def _bus_fault(self, faults: tuple[Fault, ...]) -> Iterator[str]:
        engine, jobs = self.checked.engine, self._round()
        aimed = tuple(replace(fault, beat=self._beat(fault, jobs)) for fault in faults)
        before = engine.faults
        engine.inject(*aimed)
        submitted = self._submit([job.descriptor for job in jobs])
        events = self._finish(len(jobs) if submitted == len(jobs) else None)
        hit = [after > old for after, old in zip(engine.faults, before, strict=True)]
        done = self._done()
        yield from self._memory_faults([job.descriptor for job in jobs], done)
        if not any(hit):
            # The fault was aimed behind the last beat.
            if events & _ERROR_EVENT:
                yield "wrong code or address"
            return
        yield "injected"
        if not events & _ERROR_EVENT:
            yield "unreported"
            return
        reported = (engine.read("ERROR_CODE"), self._error_address())
        if reported not in [
            (_CODES[fault.writes, fault.response], engine.fault_addresses[fault.writes])
            for fault in aimed
            if hit[fault.writes]
        ]:
            yield "wrong code or address"

    def _reset(self, *, hard: bool) -> Iterator[str]:
        jobs = self._round()
        self._submit([job.descriptor for job in jobs])
        self.checked.engine.run(int(2 ** self.rng.uniform(0, 13)))
        status = self.checked.status
        done = self._done()
        if hard:
            self.checked.engine.reset()
        else:
            self.checked.soft_reset()
        if status["busy"]:
            yield "injected"
        yield from self._memory_faults([job.descriptor for job in jobs], done)
        if any(self.checked.engine.read(name) for name in _ZERO_AFTER_RESET):
            yield "not recovered"

    def _bad_descriptor(self) -> Iterator[str]:
        jobs = self._round()
        sizes = random_sizes(self.rng, self.parameters)
        good = random_job(self.rng, self._layout(jobs), **sizes).descriptor
        bad = good
        while (code := check(bad, self.parameters)) == ErrorCode.NONE:
            bad = spoiled(self.rng, good, self.parameters)
        place = int(self.rng.integers(len(jobs) + 1))
        descriptors = [job.descriptor for job in jobs]
        self._submit([*descriptors[:place], bad, *descriptors[place:]])
        events = self._finish(None)
        engine = self.checked.engine
        yield "injected"
        if not events & _ERROR_EVENT or self._done() != place:
            yield "unreported"
        if (engine.read("ERROR_CODE"), self._error_address()) != (code, 0):
            yield "wrong code or address"
        # What comes behind the bad one is not even begun.
        yield from self._memory_faults(descriptors[:place], place)

    def _bad_permutation(self) -> Iterator[str]:
        jobs = self._round()
        layout = self._layout(jobs)
        n = int(self.rng.integers(1, self.parameters.reorder_columns + 1))
        bad = random_reorder_job(self.rng, layout, m=3, n=n)
        while not bad.descriptor.permute:
            bad = random_reorder_job(self.rng, layout, m=3, n=n)
        self.checked.put(bad)
        at = bad.descriptor.b_address + 2 * int(self.rng.integers(n))
        index = np.array([self.rng.integers(n, 1 << 16)], "<u2").view(np.uint8)
        self.checked.put(Job(bad.descriptor, ((at, index.tobytes()),)))
        descriptors = [*(job.descriptor for job in jobs), bad.descriptor]
        self._submit(descriptors)
        events = self._finish(None)
        engine = self.checked.engine
        yield "injected"
        done = self._done()
        if not events & _ERROR_EVENT or done != len(jobs):
            yield "unreported"
        if engine.read("ERROR_CODE") != ErrorCode.PERMUTATION:
            yield "wrong code or address"
        yield from self._memory_faults(descriptors, done)

    def _round(self) -> list[Job]:
        jobs = random_round(self.rng, Layout(self.rng, self.checked.origin), self.parameters)
        for job in jobs:
            self.checked.put(job)
        return jobs

    def _layout(self, jobs: list[Job]) -> Layout:
        """Memory behind that of these jobs."""
        ends = [region.end for job in jobs for region in regions(job.descriptor).values()]
        return Layout(self.rng, max(ends) + 64)

    def _beat(self, fault: Fault, jobs: list[Job]) -> int:
        """A beat that the jobs will ask for, more or less."""
        moved = sum(
            region.rows * region.row_bytes
            for job in jobs
            for name, region in regions(job.descriptor).items()
            if (name == "D") == fault.writes
        )
        return int(self.rng.integers(moved // (self.parameters.data_bits // 8) + 1))

    def _done(self) -> int:
        """Jobs of this trial that are reported done."""
        return self.checked.engine.read("JOBS_DONE") - self._start

    def _error_address(self) -> int:
        engine = self.checked.engine
        return engine.read("ERROR_ADDRESS_HIGH") << 32 | engine.read("ERROR_ADDRESS_LOW")

    def _submit(self, descriptors: list[Descriptor]) -> int:
        """Queue jobs until one is refused; how many were not."""
        for n, descriptor in enumerate(descriptors):
            if not self.checked.submit(descriptor):
                return n
        return len(descriptors)

    def _finish(self, jobs: int | None) -> int:
        """Events until an error, or until so many jobs are done."""
        events = 0
        while not events & _ERROR_EVENT and (jobs is None or self._done() < jobs):
            events |= self.checked.wait()
        return events

    def _memory_faults(self, descriptors: list[Descriptor], done: int) -> Iterator[str]:
        """Whether memory outside D was written, and D of a job that is reported done is wrong."""
        checked = self.checked
        allowed = checked.expected.results(descriptors)
        for descriptor in descriptors[:done]:
            checked.expected.run(descriptor)
        unknown = checked.expected.results(descriptors[done:])
        wrong = (checked.engine.data != checked.expected.data) & ~unknown
        if (checked.engine.written.astype(bool) & ~allowed).any() or (wrong & ~allowed).any():
            yield "writes outside D"
        if (wrong & allowed).any():
            yield "wrong results as good"

    def _recovers(self, *, hard: bool) -> bool:
        """Whether the engine computes the next job right after a soft reset, which a hard one needs not."""
        checked = self.checked
        checked.engine.set_memory(Memory())
        checked.expected.data[:] = checked.engine.data
        try:
            if not hard:
                checked.soft_reset()
            checked.enable_interrupts()
            layout = Layout(self.rng, checked.origin)
            checked.run([random_job(self.rng, layout, **random_sizes(self.rng, self.parameters))])
        except AssertionError:
            checked.engine.reset()
            checked.enable_interrupts()
            return False
        return True
