"""A port to the golden model: an engine that computes when its doorbell rings."""

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from golden.engine import (
    DESCRIPTOR_BASE,
    DESCRIPTOR_REGISTERS,
    IDENTIFIER,
    PARAMETER_REGISTERS,
    REGISTERS,
    VERSION,
    Access,
    Descriptor,
    EngineParameters,
    ErrorCode,
    JobResult,
    run_job,
    run_list,
)
from mixdit.driver import arguments
from mixdit.driver.port import PortError

_BY_OFFSET = {register.offset: register for register in REGISTERS.values()}


class ModelPort:
    """Registers and memory of an engine that exists in software only, bit for bit like the hardware.

    Jobs end before the doorbell's write does, those of a list that links to itself never. Performance
    counters stay 0: the model has no cycles.

    Parameters
    ----------
    parameters:
        The engine.
    size:
        Bytes of memory.
    origin:
        Address of the first one.

    Raises
    ------
    TypeError, ValueError
        A parameter of another kind; a size below 1, or a negative address.
    """

    def __init__(
        self, parameters: EngineParameters | None = None, size: int = 1 << 24, origin: int = 0x10000
    ) -> None:
        self.parameters = EngineParameters() if parameters is None else parameters
        if not isinstance(self.parameters, EngineParameters):
            raise TypeError(f"parameters must be EngineParameters, not {arguments.kind(parameters)}")
        size, origin = arguments.integer("size", size, 1), arguments.integer("origin", origin, 0)
        self.memory = range(origin, origin + size)
        self._bytes: NDArray[np.uint8] = np.zeros(size, np.uint8)
        self._words: dict[str, int] = dict.fromkeys(REGISTERS, 0)
        self._words["ID"] = IDENTIFIER
        self._words["VERSION"] = REGISTERS["VERSION"].pack(major=VERSION[0], minor=VERSION[1])
        values = {field.name: getattr(self.parameters, field.name) for field in fields(self.parameters)}
        for name in PARAMETER_REGISTERS:
            names = [field.name for field in REGISTERS[name].fields]
            self._words[name] = REGISTERS[name].pack(**{name: values[name] for name in names})

    def read32(self, offset: int) -> int:
        register = _BY_OFFSET.get(offset)
        return self._words[register.name] if register and register.access != Access.WRITE else 0

    def write32(self, offset: int, value: int) -> None:
        register = _BY_OFFSET.get(offset)
        if register is None or register.access == Access.READ:
            return
        if register.name == "DOORBELL":
            self._run()
        elif register.name == "LIST_DOORBELL":
            self._run_list()
        elif register.name == "CONTROL":
            if register["soft_reset"].get(value):
                self._clear()
        elif register.access == Access.CLEAR:
            self._words[register.name] &= ~value
        else:
            self._words[register.name] = value & (0xFFFFFFFF if offset >= DESCRIPTOR_BASE else register.used)

    def read_memory(self, address: int, size: int) -> NDArray[np.uint8]:
        self._check(address, size)
        start = address - self.memory.start
        return self._bytes[start : start + size].copy()

    def write_memory(self, address: int, data: NDArray[np.uint8]) -> None:
        self._check(address, data.size)
        start = address - self.memory.start
        self._bytes[start : start + data.size] = data

    def wait(self, seconds: float) -> None:
        """Nothing to wait for: jobs end at once."""

    def _check(self, address: int, size: int) -> None:
        if size < 0 or address < self.memory.start or address + size > self.memory.stop:
            raise PortError(f"{size} bytes at {address:#x} are not in memory")

    def _clear(self) -> None:
        for name in ("STATUS", "ERROR_CODE", "ERROR_ADDRESS_LOW", "ERROR_ADDRESS_HIGH"):
            self._words[name] = 0
        for name in ("JOBS_SUBMITTED", "JOBS_DONE", "LISTS_DONE"):
            self._words[name] = 0

    def _run(self) -> None:
        self._check_running()
        descriptor = Descriptor.from_words([self._words[register.name] for register in DESCRIPTOR_REGISTERS])
        try:
            job = run_job(self._bytes, descriptor, self.parameters, self.memory.start)
        except IndexError:
            job = JobResult(code=ErrorCode.READ_DECODE_ERROR)
        self._show_done(1, int(job.code == ErrorCode.NONE), job.code, out_of_range=job.out_of_range)

    def _run_list(self) -> None:
        self._check_running()
        address = self._words["LIST_ADDRESS_HIGH"] << 32 | self._words["LIST_ADDRESS_LOW"]
        before = self._bytes.copy()
        try:
            result = run_list(self._bytes, address, self.parameters, self.memory.start)
            done = len(result.done)
            refused = result.code not in (ErrorCode.NONE, ErrorCode.LIST)
            self._show_done(
                done + refused,
                done,
                result.code,
                address=result.address,
                lists=1,
                out_of_range=result.out_of_range,
            )
        except BaseException:
            self._bytes[:] = before  # A list which Ctrl-C ended was never taken.
            raise

    def _check_running(self) -> None:
        if REGISTERS["STATUS"]["error"].get(self._words["STATUS"]):
            raise PortError("the doorbell was refused: an error stopped the engine")

    def _show_done(
        self,
        taken: int,
        done: int,
        code: ErrorCode,
        *,
        address: int = 0,
        lists: int = 0,
        out_of_range: bool = False,
    ) -> None:
        """Jobs were taken and done, and lists if no error stopped the engine."""
        good = code == ErrorCode.NONE
        events = REGISTERS["INTERRUPT_STATUS"].pack(
            done=int(done > 0), error=int(not good), list=int(good and lists > 0), range=int(out_of_range)
        )
        # All at once, so that a job which Ctrl-C ended was never taken.
        self._words |= {
            "JOBS_SUBMITTED": self._words["JOBS_SUBMITTED"] + taken & 0xFFFFFFFF,
            "JOBS_DONE": self._words["JOBS_DONE"] + done & 0xFFFFFFFF,
            "LISTS_DONE": self._words["LISTS_DONE"] + lists * good & 0xFFFFFFFF,
            "STATUS": REGISTERS["STATUS"].pack(error=int(not good)),
            "ERROR_CODE": int(code),
            "ERROR_ADDRESS_LOW": address & 0xFFFFFFFF,
            "ERROR_ADDRESS_HIGH": address >> 32,
            "INTERRUPT_STATUS": self._words["INTERRUPT_STATUS"] | events,
        }
