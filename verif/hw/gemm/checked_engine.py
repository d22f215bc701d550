"""The compiled engine with golden beside it: every byte of memory compared after every round of jobs."""

from collections.abc import Iterable
from itertools import accumulate

import numpy as np

from golden.engine import (
    COUNTERS,
    DESCRIPTOR_REGISTERS,
    REGISTERS,
    Descriptor,
    EngineParameters,
    ErrorCode,
    regions,
)
from mixdit.driver import PortError
from mixdit.sim import EngineHarness, Memory
from verif.hw.gemm.expected_memory import ExpectedMemory, check_counters
from verif.hw.gemm.expected_sparse_memory import ExpectedSparseMemory
from verif.hw.gemm.listed_jobs import LIST_ROOM, Ring, listed
from verif.hw.gemm.random_jobs import Job

__all__ = ["CheckedEngine", "HangError", "random_memory"]

_STATUS = REGISTERS["STATUS"]


_ERROR_EVENT = REGISTERS["INTERRUPT_STATUS"]["error"].mask
_LIST_EVENT = REGISTERS["INTERRUPT_STATUS"]["list"].mask
_RANGE_EVENT = REGISTERS["INTERRUPT_STATUS"]["range"].mask


def _ends(rings: Iterable[Ring]) -> list[int]:
    """The number of each one's last job, from 1 on."""
    return list(accumulate(len(ring.descriptors) for ring in rings))


class HangError(AssertionError):
    """The engine did not answer within a bounded time."""


def random_memory(rng: np.random.Generator) -> Memory:
    """Memory that answers at once, late, seldom or irregularly."""
    outstanding = int(rng.choice((1, 2, 8, 64)))
    latencies = (1, 3, 20, 300) if outstanding > 2 else (1, 3, 20)  # both together take long
    return Memory(
        read_latency=int(rng.choice(latencies)),
        write_latency=int(rng.choice(latencies)),
        bandwidth=float(rng.choice((1, 1, 0.6, 0.1))),
        outstanding=outstanding,
        stall=float(rng.choice((0, 0, 0.1, 0.5, 0.8))),
        seed=int(rng.integers(1 << 32)),
    )


class CheckedEngine:
    """A simulated engine at the top of its address space, its memory random at first, or zeros if sparse.

    Parameters
    ----------
    parameters:
        The engine.
    rng:
        Source of randomness.
    size:
        Bytes of memory.
    limit:
        Cycles within which an interrupt must come.
    sparse:
        Whether its memory is sparse.
    build:
        What else ``EngineHarness`` takes for the engine, such as ``adder_lanes``.

    Attributes
    ----------
    engine:
        The harness.
    expected:
        What its memory should hold.
    """

    def __init__(
        self,
        parameters: EngineParameters,
        rng: np.random.Generator,
        *,
        size: int = 1 << 18,
        limit: int = 4_000_000,
        sparse: bool = False,
        **build: int,
    ):
        self.parameters = parameters
        self.rng = rng
        self.limit = limit
        self.origin = (1 << parameters.address_bits) - size
        self.engine = EngineHarness(parameters, size=size, origin=self.origin, sparse=sparse, **build)
        self.expected: ExpectedMemory
        if sparse:
            self.expected = ExpectedSparseMemory(parameters, self.engine)
        else:
            self.engine.data[:] = rng.integers(0, 256, size, dtype=np.uint8)
            self.expected = ExpectedMemory(parameters, self.engine.data, origin=self.origin)
        self.enable_interrupts()

    def enable_interrupts(self) -> None:
        """Let all events raise the interrupt, as after a reset."""
        self.engine.write("INTERRUPT_ENABLE", REGISTERS["INTERRUPT_ENABLE"].used)

    def put(self, job: Job) -> None:
        """Write a job's operands to memory."""
        for address, content in job.contents:
            self.engine.write_memory(address, np.frombuffer(content, np.uint8))
        self.expected.put(job)

    def submit(self, descriptor: Descriptor) -> bool:
        """Stage a descriptor and ring the doorbell once the queue has room; False if an error refused it."""
        for _ in range(self.limit // 20):
            status = self.status
            if not status["full"] or status["error"]:
                break
            self.engine.run(20)
        else:
            raise HangError("the queue stays full")
        for register, word in zip(DESCRIPTOR_REGISTERS, descriptor.words(), strict=True):
            self.engine.write32(register.offset, word)
        try:
            self.engine.write("DOORBELL", 1)
        except PortError:
            return False
        return True

    def submit_list(self, address: int) -> bool:
        """Ring the lists' doorbell once the list before is fetched; False if an error refused it."""
        for _ in range(self.limit // 20):
            status = self.status
            if not status["fetching"] or status["error"]:
                break
            self.engine.run(20)
        else:
            raise HangError("a list stays to be fetched")
        self.engine.write("LIST_ADDRESS_LOW", address & 0xFFFFFFFF)
        self.engine.write("LIST_ADDRESS_HIGH", address >> 32)
        try:
            self.engine.write("LIST_DOORBELL", 1)
        except PortError:
            return False
        return True

    def listed(self, descriptors: Iterable[Descriptor]) -> list[Ring]:
        """The jobs, some of them in lists, which are written to memory."""
        rings = listed(self.rng, list(descriptors), self.engine.memory.stop)
        for ring in rings:
            self.put_list(ring)
        return rings

    def put_list(self, ring: Ring) -> None:
        """Write a list to memory."""
        self.put(Job(ring.descriptors[0], ring.contents))

    def check_room(self, jobs: Iterable[Job], room: int) -> None:
        """These jobs leave so many bytes at the end of memory."""
        used = [region.end for job in jobs for region in regions(job.descriptor).values()]
        assert max(used) <= self.engine.memory.stop - room

    def ring(self, ring: Ring) -> bool:
        """Ring the doorbell for a job or a list; False if an error refused it."""
        return self.submit_list(ring.addresses[0]) if ring.is_list else self.submit(ring.descriptors[0])

    def wait(self) -> int:
        """Events of the next interrupt, cleared; raises ``HangError``."""
        if not self.engine.interrupt(self.limit):
            raise HangError(f"no interrupt within {self.limit} cycles")
        events = self.engine.read("INTERRUPT_STATUS")
        self.engine.write("INTERRUPT_STATUS", events)
        return events

    def run(self, jobs: Iterable[Job]) -> list[Ring]:
        """Run jobs, as many at once as the queue takes, and compare memory, counters, and the range.

        Some of them go by lists: returns what doorbells were rung for.
        """
        jobs = list(jobs)
        start = self.engine.read("JOBS_DONE"), self.engine.read("LISTS_DONE")
        for job in jobs:
            self.put(job)
        self.check_room(jobs, LIST_ROOM)
        rings = self.listed(job.descriptor for job in jobs)
        ends = [end for end, ring in zip(_ends(rings), rings, strict=True) if ring.is_list]
        for ring in rings:
            assert self.ring(ring), ring
        for job in jobs:
            assert self.expected.run(job.descriptor) == ErrorCode.NONE
        events = 0
        while self._done(start, ends) < len(jobs):
            events |= self.wait()
            assert events & ~_ERROR_EVENT == events, ErrorCode(self.engine.read("ERROR_CODE"))
        events |= self.engine.read("INTERRUPT_STATUS")
        assert events & _LIST_EVENT == (_LIST_EVENT if ends else 0)
        out_of_range = any(self.expected.ranges[-len(jobs) :])
        assert events & _RANGE_EVENT == (_RANGE_EVENT if out_of_range else 0), [j.descriptor for j in jobs]
        self.engine.write("INTERRUPT_STATUS", events)
        assert self.engine.read("LISTS_DONE") - start[1] == len(ends)
        assert self.engine.read("JOBS_SUBMITTED") - start[0] == len(jobs)
        assert not self.engine.read("STATUS")
        self.expected.compare(self.engine.data, jobs)
        self.counters()
        return rings

    def _done(self, start: tuple[int, int], ends: list[int]) -> int:
        """Jobs done since ``start``; lists are done with their last jobs, whose numbers are ``ends``."""
        before = self.engine.read("JOBS_DONE") - start[0]
        lists = self.engine.read("LISTS_DONE") - start[1]
        after = self.engine.read("JOBS_DONE") - start[0]
        assert sum(end <= before for end in ends) <= lists <= sum(end <= after for end in ends)
        return after

    def soft_reset(self) -> None:
        """Ask for a soft reset and wait for its end; raises ``HangError``."""
        self.engine.write("CONTROL", REGISTERS["CONTROL"].pack(soft_reset=1))
        for _ in range(self.limit // 20):
            if not self.status["resetting"]:
                break
            self.engine.run(20)
        else:
            raise HangError("the soft reset does not end")
        self.engine.write("INTERRUPT_STATUS", REGISTERS["INTERRUPT_STATUS"].used)

    @property
    def status(self) -> dict[str, int]:
        """Fields of register STATUS."""
        return _STATUS.unpack(self.engine.read("STATUS"))

    def counters(self) -> dict[str, int]:
        """Every performance counter; checks that they add up."""
        values = {name: self.engine.read(name) for name in COUNTERS}
        check_counters(values)
        return values
