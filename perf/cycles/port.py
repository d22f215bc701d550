"""The cycle model behind the driver's port."""

import ctypes
import weakref

import numpy as np
from numpy.typing import NDArray

from golden.engine import (
    COUNTERS,
    DESCRIPTOR_REGISTERS,
    IDENTIFIER,
    INDEX_BYTES,
    PARAMETER_REGISTERS,
    REGISTERS,
    VERSION,
    Descriptor,
    EngineParameters,
)
from golden.engine.command_list import decode_list
from mixdit.driver.port import PortError
from mixdit.sim.errors import HarnessError
from mixdit.sim.memory import Memory
from perf.cycles.jobs import block_turns, job_of
from perf.cycles.library import Job, library
from perf.cycles.sizes import sizes_of

__all__ = ["DRAM", "CyclePort"]

DRAM = Memory(read_latency=100, write_latency=60)
"""What an engine's port gets from DRAM behind a controller, in cycles at 1 GHz: its whole width."""

_BY_OFFSET = {register.offset: register.name for register in REGISTERS.values()}
_STATE = (
    *("busy", "full", "list", "fetching", "left"),
    *("JOBS_SUBMITTED", "JOBS_DONE", "LISTS_DONE", "INTERRUPT_STATUS", "INTERRUPT_ENABLE"),
)
_NOTHING, _DOORBELL, _LIST_DOORBELL, _CLEAR_COUNTERS, _INTERRUPT_STATUS, _INTERRUPT_ENABLE = range(6)


class CyclePort:
    """Registers and memory of an engine of which only the cycles are simulated.

    Everything takes as long as behind a ``mixdit.sim.EngineHarness``, register accesses too; nothing is
    computed, and D stays as it was.

    Parameters
    ----------
    parameters:
        The engine.
    size, origin:
        Bytes of memory, and the address of the first one.
    memory:
        How the memory answers, without random stalls.
    patience:
        Cycles without an interrupt after which ``wait`` counts the engine as hung: counters wrap by then.
    result_words, adder_lanes:
        As for ``hw.gemm.engine.Engine``.

    Raises
    ------
    ValueError
        A memory with stalls; parameters that the engine cannot have.
    """

    def __init__(
        self,
        parameters: EngineParameters | None = None,
        *,
        size: int = 1 << 24,
        origin: int = 0,
        memory: Memory | None = None,
        patience: int = 1 << 32,
        result_words: int = 0,
        adder_lanes: int = 0,
    ):
        self.parameters = parameters or EngineParameters()
        self.memory = range(origin, origin + size)
        self.patience = patience
        self.sizes = sizes_of(
            self.parameters, memory or Memory(), result_words=result_words, adder_lanes=adder_lanes
        )
        self.data = np.zeros(size, np.uint8)
        self._words: dict[str, int] = {register.name: 0 for register in DESCRIPTOR_REGISTERS}
        self._words |= dict.fromkeys(("LIST_ADDRESS_LOW", "LIST_ADDRESS_HIGH"), 0)
        self._constants = {"ID": IDENTIFIER}
        known = {"major": VERSION[0], "minor": VERSION[1]}
        for name in ("VERSION", *PARAMETER_REGISTERS):
            fields = (field.name for field in REGISTERS[name].fields)
            self._constants[name] = REGISTERS[name].pack(
                **{field: known.get(field, getattr(self.parameters, field, 0)) for field in fields}
            )
        self._turns: list[NDArray[np.int32]] = []
        self._library = library()
        self._opened = ctypes.c_void_p(self._library.model_open(ctypes.byref(self.sizes)))
        self._close = weakref.finalize(self, self._library.model_close, self._opened)

    def close(self) -> None:
        """Free the model."""
        self._close()

    @property
    def _model(self) -> ctypes.c_void_p:
        if not self._close.alive:
            raise PortError("the model is closed")
        return self._opened

    def __enter__(self) -> "CyclePort":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def cycles(self) -> int:
        """Cycles so far."""
        return int(self._library.model_cycles(self._model))

    # The port.

    def read32(self, offset: int) -> int:
        name = _BY_OFFSET.get(offset, "")
        if name in COUNTERS:
            counters = (ctypes.c_int64 * len(COUNTERS))()
            self._library.model_read(self._model, 1, counters)
            return int(counters[list(COUNTERS).index(name)]) & 0xFFFFFFFF
        values = (ctypes.c_int64 * len(_STATE))()
        self._library.model_read(self._model, 0, values)
        state = dict(zip(_STATE, values, strict=True))
        if name == "STATUS":
            fields = {field: state[field] for field in ("busy", "full", "list", "fetching")}
            return REGISTERS[name].pack(**fields, waiting=max(0, state["left"] - 1))
        return int((self._constants | self._words | state).get(name, 0)) & 0xFFFFFFFF

    def write32(self, offset: int, value: int) -> None:
        name = _BY_OFFSET.get(offset, "")
        what, job = _NOTHING, None
        if name in self._words:
            self._words[name] = value
        elif name == "DOORBELL":
            what, job = _DOORBELL, self._staged()
        elif name == "LIST_DOORBELL":
            what = _LIST_DOORBELL
            self._add_list()
        elif name == "CONTROL":
            fields = REGISTERS[name].unpack(value)
            if fields["soft_reset"]:
                self._reset()
            if fields["clear_counters"]:
                what = _CLEAR_COUNTERS
        elif name in ("INTERRUPT_STATUS", "INTERRUPT_ENABLE"):
            what = _INTERRUPT_STATUS if name == "INTERRUPT_STATUS" else _INTERRUPT_ENABLE
        reference = None if job is None else ctypes.byref(job)
        if self._library.model_write(self._model, what, ctypes.c_int64(value), reference):
            raise PortError(f"the write of {value:#x} to {offset:#x} was refused")

    def read_memory(self, address: int, size: int) -> NDArray[np.uint8]:
        return self._part(address, size).copy()

    def write_memory(self, address: int, data: NDArray[np.uint8]) -> None:
        self._part(address, data.size)[:] = data

    def wait(self, seconds: float = 0.0) -> None:
        """Until the interrupt, however long that takes; ``HarnessError`` after ``patience`` cycles."""
        if not self._library.model_run(self._model, ctypes.c_uint64(self.patience), 1):
            raise HarnessError(f"no interrupt within {self.patience} cycles")

    def _staged(self) -> Job:
        words = [self._words[register.name] for register in DESCRIPTOR_REGISTERS]
        return self._job(Descriptor.from_words(words))

    def _job(self, descriptor: Descriptor, *, ends_list: bool = False, entry: int = 0) -> Job:
        job = job_of(descriptor, self.parameters, ends_list=ends_list, entry=entry)
        if descriptor.permute:
            indices = self._part(descriptor.b_address, INDEX_BYTES * descriptor.n).view(f"<u{INDEX_BYTES}")
            turns = block_turns(indices)
            self._turns.append(turns)  # the model has its address
            job.turns = turns.ctypes.data
        return job

    def _add_list(self) -> None:
        address = self._words["LIST_ADDRESS_HIGH"] << 32 | self._words["LIST_ADDRESS_LOW"]
        for entry in decode_list(self.data, address, self.memory.start):
            job = self._job(entry.descriptor, ends_list=entry.following == 0, entry=address)
            self._library.model_add_entry(self._model, ctypes.byref(job))
            address = entry.following

    def _reset(self) -> None:
        if not self._library.model_reset(self._model):
            raise PortError("a soft reset while jobs are under way is not modelled")

    def _part(self, address: int, size: int) -> NDArray[np.uint8]:
        if address < self.memory.start or address + size > self.memory.stop:
            raise PortError(f"{size} bytes at {address:#x} are not in memory")
        start = address - self.memory.start
        return self.data[start : start + size]
