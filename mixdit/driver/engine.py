"""An engine behind a port: jobs as descriptors, in the order of their calls."""

import time
from collections.abc import Callable, Mapping

from golden.engine import (
    COUNTERS,
    DESCRIPTOR_REGISTERS,
    ENTRY_BYTES,
    IDENTIFIER,
    PARAMETER_REGISTERS,
    REGISTERS,
    VERSION,
    Descriptor,
    EngineParameters,
)
from mixdit.driver import arguments
from mixdit.driver.descriptor_check import check_descriptor
from mixdit.driver.errors import EngineError, EngineTimeoutError
from mixdit.driver.port import Port

_POLL_SECONDS = 0.05

_LISTS_SINCE = 2
"""Minor version of the registers that brought command lists."""

_RANGE_SINCE = 3
"""Minor version of the registers that brought exponentials of rows and the event of results out of range."""

_ENDS = REGISTERS["INTERRUPT_ENABLE"].pack(done=1, error=1, list=1)
"""Events that a wait may end with."""

_RANGE = REGISTERS["INTERRUPT_STATUS"]["range"]


class Engine:
    """Queues jobs and waits for them.

    Whatever ends a call early, Ctrl-C too, the next one finds out what the engine made of it.

    Parameters
    ----------
    port:
        The way to the engine, for this object alone.
    timeout:
        Seconds without progress after which a wait fails; infinity to wait for ever.

    Attributes
    ----------
    parameters:
        What the engine was built with.

    Raises
    ------
    TypeError
        No port.
    ValueError
        Whatever is behind the port is no engine, or one with other registers, or it does not reach the
        port's memory; a timeout that is not above 0.
    """

    def __init__(self, port: Port, timeout: float = 60.0) -> None:
        self.timeout = timeout
        self.port: Port = arguments.port(port)
        self._minor_version = 0
        self.parameters = self._identify()
        memory, limit = self.port.memory, 1 << self.parameters.address_bits
        if memory.stop > limit:
            raise ValueError(
                f"port.memory must be within the engine's addresses, 0x0 to {limit - 1:#x},"
                f" not {memory.start:#x} to {memory.stop - 1:#x}"
            )
        # What is known of the staged descriptor's registers; None where a write did not return.
        self._staged: list[int | None] = [None] * len(DESCRIPTOR_REGISTERS)
        # Jobs have numbers from 1 on, which go on after a reset: those up to the first of these were before
        # it. The registers count from the reset on.
        self._before = self._submitted = self._ended = 0
        self._counted = True  # whether `_submitted` is right, not so while a doorbell rings
        self._ringing = (0, 0)  # `_submitted` before that, and how many jobs it is for
        self._list_end = 0  # number of the last list's last job
        self._enabled: int | None = None  # what is known of INTERRUPT_ENABLE
        self._ready = False  # whether the last reset came to its end
        self.reset()

    @property
    def timeout(self) -> float:
        """Seconds without progress after which a wait fails."""
        return self._timeout

    @timeout.setter
    def timeout(self, value: float) -> None:
        self._timeout = arguments.seconds("timeout", value)

    def submit(self, descriptor: Descriptor) -> int:
        """Queue a job, and wait for a place in the queue if need be; returns its number, for `wait`.

        That the memory which it touches holds what it should, and stays as it is until the job is
        complete, is up to the caller.

        Raises
        ------
        TypeError, ValueError
            A descriptor that the engine would refuse, or with matrices outside the port's memory. Nothing
            was written.
        EngineError, EngineTimeoutError
            As for `wait`.
        """
        d = check_descriptor(descriptor, self.parameters, self.port.memory)
        self._settle()
        self._until(lambda status: not status["full"] and not status["error"], "the queue stays full")
        for n, (register, word) in enumerate(zip(DESCRIPTOR_REGISTERS, d.words(), strict=True)):
            if self._staged[n] != word:
                self._staged[n] = None
                self.port.write32(register.offset, word)
                self._staged[n] = word
        return self._ring("DOORBELL", 1)

    def submit_list(self, address: int, jobs: int) -> int:
        """Queue all jobs of a list that lies in memory; returns the number of the last one, for `wait`.

        Waits until the engine has fetched the list before. That the list has so many jobs, and good ones, and
        that it stays as it is until they are complete, is up to the caller.

        Raises
        ------
        TypeError, ValueError
            An address where no list may lie, or no jobs; an engine without lists. Nothing was written.
        EngineError, EngineTimeoutError
            As for `wait`.
        """
        memory = self.port.memory
        address = arguments.integer("address", address, memory.start, memory.stop - ENTRY_BYTES)
        if address % ENTRY_BYTES:
            raise ValueError(f"address must be a multiple of {ENTRY_BYTES}, not {address:#x}")
        jobs = arguments.integer("jobs", jobs, 1)
        self._need_lists()
        self._settle()
        self._until(lambda status: not status["fetching"] and not status["error"], "a list is not fetched")
        self._write("LIST_ADDRESS_LOW", address & 0xFFFFFFFF)
        self._write("LIST_ADDRESS_HIGH", address >> 32)
        self._list_end = self._ring("LIST_DOORBELL", jobs)
        return self._list_end

    def wait(self, job: int | None = None) -> None:
        """Wait until a job, by default the last one, is complete.

        Raises
        ------
        ValueError
            A number that is none of a job since the last reset.
        EngineError
            An error stopped the engine, in this job or an earlier one; `reset` it.
        EngineTimeoutError
            No job ended for ``timeout`` seconds. Wait again, or `reset` the engine.
        """
        number = None if job is None else arguments.integer("job", job, 1)
        self._settle()
        if number is None:
            number = self._submitted
        elif not self._before < number <= self._submitted:
            jobs = f"{self._before + 1} to {self._submitted}" if self._submitted > self._before else "none"
            raise ValueError(f"job must be one since the last reset, {jobs}, not {number}")
        self._wait(number)

    @property
    def out_of_range(self) -> bool:
        """Whether a result could not be held, since the last reset or `clear_out_of_range`.

        Such as a power of two from 2**128 on, a row divided by what is not positive or above 2**126, or
        exponentials of a row whose maximum is no number: see ``golden.engine.JobResult``. Wait for the jobs
        in question before; later ones that were submitted may count already.

        Raises
        ------
        ValueError
            An engine that does not tell.
        """
        self._need("out_of_range", _RANGE_SINCE)
        return bool(_RANGE.get(self._read("INTERRUPT_STATUS")))

    def clear_out_of_range(self) -> None:
        """Forget what was out of range before; raises as `out_of_range`."""
        self._need("out_of_range", _RANGE_SINCE)
        self._write("INTERRUPT_STATUS", _RANGE.mask)

    def reset(self) -> None:
        """Drop all jobs and errors, and forget what was out of range; memory keeps what it holds."""
        self._ready = False
        self._write("CONTROL", REGISTERS["CONTROL"].pack(soft_reset=1))
        deadline = time.monotonic() + self.timeout
        while self.status["resetting"]:
            if time.monotonic() > deadline:
                raise EngineTimeoutError("soft reset does not end: an access to memory is never answered")
        self._staged = [None] * len(DESCRIPTOR_REGISTERS)
        self._before = self._ended = self._submitted
        self._counted = True
        self._write("INTERRUPT_STATUS", REGISTERS["INTERRUPT_STATUS"].used)
        self._enabled = None
        self._listen(_ENDS)
        self._ready = True

    @property
    def status(self) -> Mapping[str, int]:
        """Fields of register STATUS."""
        return REGISTERS["STATUS"].unpack(self._read("STATUS"))

    def counters(self) -> dict[str, int]:
        """Performance counters by name; consistent while no job is in progress."""
        return {name: self._read(name) for name in COUNTERS}

    def clear_counters(self) -> None:
        """Set all performance counters to 0."""
        self._write("CONTROL", REGISTERS["CONTROL"].pack(clear_counters=1))

    def _identify(self) -> EngineParameters:
        if (identifier := self._read("ID")) != IDENTIFIER:
            raise ValueError(f"no engine is behind this port: its ID is {identifier:#010x}")
        version = REGISTERS["VERSION"].unpack(self._read("VERSION"))
        if version["major"] != VERSION[0]:
            raise ValueError(f"the engine's registers are of version {version['major']}, not {VERSION[0]}")
        self._minor_version = version["minor"]
        found: dict[str, int] = {}
        for name in PARAMETER_REGISTERS:
            found |= REGISTERS[name].unpack(self._read(name))
        try:
            return EngineParameters(**found)
        except ValueError as error:
            raise ValueError(f"the engine's registers hold no parameters of an engine: {error}") from None

    def _need(self, what: str, since: int) -> None:
        """Refuse ``what`` to an engine with registers of a minor version before ``since``."""
        if self._minor_version < since:
            version = f"{VERSION[0]}.{self._minor_version}"
            raise ValueError(
                f"{what} must be for engines with registers from version {VERSION[0]}.{since} on,"
                f" not {version}"
            )

    def _need_lists(self) -> None:
        self._need("lists", _LISTS_SINCE)

    def _need_exponentials(self) -> None:
        self._need("norm 'exponential'", _RANGE_SINCE)

    def _ring(self, doorbell: str, jobs: int) -> int:
        """Ring a doorbell for so many jobs; returns the number of the last one."""
        self._ringing = (self._submitted, jobs)
        self._counted = False
        self._write(doorbell, 1)
        self._submitted += jobs
        self._counted = True
        return self._submitted

    def _settle(self) -> None:
        """Find out what became of a call that was cut short."""
        if not self._ready:
            self.reset()
        if not self._counted:
            # A list that is no longer being fetched shows in the count.
            before, jobs = self._ringing
            rung = self.status["fetching"] or self._since(before, "JOBS_SUBMITTED")
            self._submitted = before + jobs if rung else before
            self._counted = True

    def _since(self, number: int, counter: str) -> int:
        """By how much a counter, which is modulo 2**32, is beyond job ``number``."""
        return (self._read(counter) - (number - self._before)) & 0xFFFFFFFF

    def _has_ended(self, job: int) -> bool:
        """Whether a job is complete, or was dropped, or never came to be and no other is under way."""
        job = min(job, self._submitted)
        if self._ended < job:
            self._ended += self._since(self._ended, "JOBS_DONE")
        return self._ended >= job

    def _wait(self, job: int) -> None:
        if self._ended < job:
            events = _ENDS
            if job == self._list_end:  # The jobs before it need not interrupt.
                events = REGISTERS["INTERRUPT_ENABLE"].pack(list=1, error=1)
            self._until(lambda status: self._has_ended(job), f"job {job} does not end", events)

    def _listen(self, events: int) -> None:
        """Let these events raise the interrupt, and no others."""
        if self._enabled != events:
            self._enabled = None
            self._write("INTERRUPT_ENABLE", events)
            self._enabled = events

    def _read(self, name: str) -> int:
        return self.port.read32(REGISTERS[name].offset)

    def _write(self, name: str, value: int) -> None:
        self.port.write32(REGISTERS[name].offset, value)

    def _until(
        self, condition: Callable[[Mapping[str, int]], bool], failure: str, events: int | None = None
    ) -> None:
        """Wait for a condition on STATUS, woken by these events, by default all of `_ENDS`."""
        done, since = self._read("JOBS_DONE"), time.monotonic()
        while True:
            status = self.status
            if condition(status):
                return
            if status["error"]:
                address = self._read("ERROR_ADDRESS_HIGH") << 32 | self._read("ERROR_ADDRESS_LOW")
                first = self._ended + self._since(self._ended, "JOBS_DONE") + 1
                raise EngineError(self._read("ERROR_CODE"), address, first)
            if (now := self._read("JOBS_DONE")) != done:
                done, since = now, time.monotonic()
            elif time.monotonic() - since > self.timeout:
                raise EngineTimeoutError(f"{failure} within {self.timeout:g} seconds: wait again, or reset()")
            self._listen(_ENDS if events is None else events)
            self.port.wait(_POLL_SECONDS)
            self._write("INTERRUPT_STATUS", _ENDS)
