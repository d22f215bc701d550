"""Faults at random moments of random jobs: what the engine must do about each, and what it did."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from golden.engine import (
    DESCRIPTOR_WORDS,
    ENTRY_BYTES,
    NEXT_WORD,
    Descriptor,
    EngineParameters,
    ErrorCode,
    check,
    regions,
)
from mixdit.driver import PortError
from mixdit.sim import Fault, Memory, Response
from verif.hw.gemm.bad_descriptors import spoiled
from verif.hw.gemm.checked_engine import CheckedEngine, HangError, random_memory
from verif.hw.gemm.fault_kinds import BUS_FAULTS, CODES, KINDS
from verif.hw.gemm.listed_jobs import LIST_ROOM, Ring, link
from verif.hw.gemm.random_jobs import Job, Layout, random_job, random_sizes
from verif.hw.gemm.reorder_jobs import random_reorder_job
from verif.hw.gemm.rounds import random_round

__all__ = ["FaultCampaign"]

_ERROR_EVENT = 2

_ZERO_AFTER_RESET = ("STATUS", "ERROR_CODE", "JOBS_DONE", "JOBS_SUBMITTED", "LISTS_DONE")


@dataclass
class FaultCampaign:
    """Trials on one engine: a round of jobs, a fault, what memory holds then, a soft reset, another job.

    Of every kind some jobs go by lists.

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
    why:
        What the engine did that counts as ``not recovered``, the last time.
    """

    checked: CheckedEngine
    rng: np.random.Generator
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    why: str = ""
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
            else:
                found = getattr(self, f"_{kind.replace(' ', '_')}")()
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
            (CODES[fault.writes, fault.response], engine.fault_addresses[fault.writes])
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
        """Of a row job among others: those before it are done first, those behind it never begin."""
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
        descriptors = [job.descriptor for job in jobs]
        place = int(self.rng.integers(len(jobs) + 1))
        self._submit([*descriptors[:place], bad.descriptor, *descriptors[place:]])
        events = self._finish(None)
        engine = self.checked.engine
        yield "injected"
        if not events & _ERROR_EVENT or self._done() != place:
            yield "unreported"
        if (engine.read("ERROR_CODE"), self._error_address()) != (ErrorCode.PERMUTATION, 0):
            yield "wrong code or address"
        yield from self._memory_faults(descriptors[:place], place)

    def _misplaced_entry(self) -> Iterator[str]:
        """A list, or a link, to where no entry may be."""
        jobs = self._round()
        engine, p = self.checked.engine, self.parameters
        bad = engine.memory.stop - LIST_ROOM | 1 << int(self.rng.integers(7))
        if p.address_bits < 64 and self.rng.random() < 0.5:
            bad = engine.memory.stop - LIST_ROOM | 1 << int(self.rng.integers(p.address_bits, 64))
        place = int(self.rng.integers(len(jobs) + 1))
        descriptors = [job.descriptor for job in jobs]
        before = int(self.rng.integers(place + 1))
        self._submit(descriptors[:before])
        yield from self._bad_list(descriptors, before, place, bad)
        if (engine.read("ERROR_CODE"), self._error_address()) != (ErrorCode.LIST, bad):
            yield "wrong code or address"

    def _bad_list(self, descriptors: list[Descriptor], before: int, place: int, bad: int) -> Iterator[str]:
        """Jobs from ``before`` on are a list with a link to ``bad`` in front of job ``place``."""
        checked = self.checked
        first = bad
        if place > before:
            ring = self._own_list(descriptors[before:place], bad)
            first = ring.addresses[0]
        checked.submit_list(first)
        events = self._finish(None)
        yield "injected"
        if not events & _ERROR_EVENT or self._done() != place:
            yield "unreported"
        yield from self._memory_faults(descriptors[:place], place)

    def _own_list(self, descriptors: list[Descriptor], following: int) -> Ring:
        """A list in places that no other one of this trial uses, written to memory."""
        start = self.checked.engine.memory.stop - 2 * LIST_ROOM
        places = self.rng.permutation(LIST_ROOM // ENTRY_BYTES)[: len(descriptors)]
        ring = link(descriptors, [start + int(place) * ENTRY_BYTES for place in places], following)
        self.checked.put_list(ring)
        return ring

    def _reserved_word(self) -> Iterator[str]:
        """A bit in one of the words that must be 0."""
        descriptors = [job.descriptor for job in self._round()]
        ring = self._own_list(descriptors, 0)
        place = int(self.rng.integers(len(descriptors)))
        at = ring.addresses[place] + int(self.rng.integers(4 * DESCRIPTOR_WORDS, 4 * NEXT_WORD))
        bit = bytes([1 << int(self.rng.integers(8))])
        self.checked.put(Job(descriptors[0], ((at, bit),)))
        self.checked.submit_list(ring.addresses[0])
        events = self._finish(None)
        yield "injected"
        if not events & _ERROR_EVENT or self._done() != place:
            yield "unreported"
        if (self.checked.engine.read("ERROR_CODE"), self._error_address()) != (ErrorCode.RESERVED_BITS, 0):
            yield "wrong code or address"
        yield from self._memory_faults(descriptors[:place], place)

    def _error_on_an_entry(self) -> Iterator[str]:
        """Memory refuses a beat of a list's first entry: nothing is done."""
        engine = self.checked.engine
        descriptors = [job.descriptor for job in self._round()]
        ring = self._own_list(descriptors, 0)
        beat_bytes = self.parameters.data_bits // 8
        beat = int(self.rng.integers(ENTRY_BYTES // beat_bytes))
        response = Response(int(self.rng.choice((Response.SLVERR, Response.DECERR))))
        engine.inject(Fault(writes=False, beat=beat, response=response))
        self.checked.submit_list(ring.addresses[0])
        events = self._finish(None)
        yield "injected"
        if not events & _ERROR_EVENT or self._done() or engine.read("JOBS_SUBMITTED") != self._start:
            yield "unreported"
        expected = (CODES[False, response], ring.addresses[0] + beat * beat_bytes)
        if (engine.read("ERROR_CODE"), self._error_address()) != expected:
            yield "wrong code or address"
        yield from self._memory_faults([], 0)

    def _endless_list(self) -> Iterator[str]:
        """A list whose last entry leads to one of its own runs on until a soft reset, and is never done."""
        engine, checked = self.checked.engine, self.checked
        lists = engine.read("LISTS_DONE")
        descriptors = [job.descriptor for job in self._round()]
        ring = self._own_list(descriptors, 0)
        ring = link(descriptors, ring.addresses, ring.addresses[int(self.rng.integers(len(descriptors)))])
        checked.put_list(ring)
        checked.submit_list(ring.addresses[0])
        for _ in range(checked.limit // 1000):
            if self._done() > 2 * len(descriptors):
                break
            engine.run(1000)
        else:
            raise HangError("an endless list stops")
        status = checked.status
        if status["list"] and status["fetching"] and status["full"] and engine.read("LISTS_DONE") == lists:
            yield "injected"
        for doorbell in ("DOORBELL", "LIST_DOORBELL"):
            try:
                engine.write(doorbell, 1)
                yield "unreported"
            except PortError:
                pass
        engine.run(int(self.rng.integers(1, 400)))
        checked.soft_reset()
        bursts = engine.bursts
        engine.run(2000)
        if engine.bursts != bursts or any(engine.read(name) for name in _ZERO_AFTER_RESET):
            yield "not recovered"
        yield from self._memory_faults(descriptors, 0)

    def _round(self) -> list[Job]:
        jobs = random_round(self.rng, Layout(self.rng, self.checked.origin), self.parameters)
        for job in jobs:
            self.checked.put(job)
        self.checked.check_room(jobs, 2 * LIST_ROOM)
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
        """Queue jobs, alone or in lists, until one is refused; how many were not."""
        count = 0
        for ring in self.checked.listed(descriptors):
            if not self.checked.ring(ring):
                break
            count += len(ring.descriptors)
        return count

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
        except AssertionError as error:
            self.why = str(error)
            checked.engine.reset()
            checked.enable_interrupts()
            return False
        return True
