"""The Verilated engine in Python: a port for the driver, with a memory that can be slow or fail."""

import ctypes
import os
import weakref
from dataclasses import asdict
from functools import cache

import numpy as np
from numpy.typing import NDArray

from golden.engine import REGISTERS, EngineParameters
from hw.gemm.engine import Engine
from mixdit.driver import PortError
from mixdit.sim.build import build_engine_library
from mixdit.sim.coverage import next_file
from mixdit.sim.design import Design
from mixdit.sim.errors import HarnessError
from mixdit.sim.memory import Fault, Memory, SharedMemory, Violation
from mixdit.sim.sparse_bytes import SparseBytes
from mixdit.sim.waves import first_cycle, record

__all__ = ["EngineHarness"]

_SLICE = 1 << 16
"""Cycles between looks at what else goes on, such as Ctrl-C."""


class EngineHarness:
    """A simulated engine and its memory: a ``driver.Port``, and more for tests.

    The first harness of a configuration compiles it (a minute or more), later ones load the library.

    Parameters
    ----------
    parameters:
        The engine.
    size, origin:
        Bytes of memory, and the address of the first one; both multiples of 64.
    memory:
        How the memory answers.
    patience:
        Cycles without an interrupt after which ``wait`` counts the engine as hung.
    sparse:
        Whether only what is touched of the memory takes room, so that ``size`` may be a terabyte.
    product_stages, target, result_words, adder_lanes:
        As for ``hw.gemm.engine.Engine``.
    threads, optimization:
        See ``mixdit.sim.build.build_library``.

    Attributes
    ----------
    memory: range
        Addresses of the memory.
    data, written: uint8 ``[size]``
        Every byte, and whether the engine has written it: 1 or 0, to be cleared by whoever wants to know.
    sparse_data, sparse_written:
        What these two lie in, if the memory is sparse; else None.
    """

    def __init__(
        self,
        parameters: EngineParameters | None = None,
        *,
        size: int = 1 << 24,
        origin: int = 0,
        memory: Memory | None = None,
        patience: int = 10_000_000,
        sparse: bool = False,
        product_stages: int = 2,
        target: str = "generic",
        result_words: int = 0,
        adder_lanes: int = 0,
        threads: int = 1,
        optimization: str = "-Os",
    ):
        self.parameters = parameters or EngineParameters()
        if size % 64 or origin % 64:
            raise ValueError(f"size and origin must be multiples of 64, not {size!r} and {origin!r}")
        self.patience = patience
        self.memory = range(origin, origin + size)
        self.sparse_data, self.sparse_written = (SparseBytes(size) if sparse else None for _ in range(2))
        self.data, self.written = (
            np.zeros(size, np.uint8) if pages is None else pages.bytes
            for pages in (self.sparse_data, self.sparse_written)
        )
        self._shared = SharedMemory(
            data=self.data.ctypes.data, written=self.written.ctypes.data, origin=origin, size=size
        )
        self._shared.set(memory or Memory())
        self._library, design = _library(
            self.parameters, product_stages, target, result_words, adder_lanes, threads, optimization
        )
        paths = [each and os.fsencode(each) for each in (record(design), next_file(design))]
        self._engine = ctypes.c_void_p(self._library.engine_open(ctypes.byref(self._shared), *paths))
        self._library.engine_record_from(self._engine, ctypes.c_uint64(first_cycle()))
        # Also when Python ends: a waveform is whole only then.
        self._close = weakref.finalize(self, self._library.engine_close, self._engine)

    def close(self) -> None:
        """Free the model."""
        self._close()

    def __enter__(self) -> "EngineHarness":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def _open_engine(self) -> ctypes.c_void_p:
        if not self._close.alive:
            raise PortError("the engine is closed")
        return self._engine

    # The port.

    def read32(self, offset: int) -> int:
        value = ctypes.c_uint32()
        silent = self._library.engine_read(self._open_engine, offset, ctypes.byref(value))
        self._check(silent, offset)
        return value.value

    def write32(self, offset: int, value: int) -> None:
        response = ctypes.c_uint32()
        silent = self._library.engine_write(
            self._open_engine, offset, ctypes.c_uint32(value), ctypes.byref(response)
        )
        self._check(silent, offset)
        if response.value:
            raise PortError(f"the write of {value:#x} to {offset:#x} was refused")

    def read_memory(self, address: int, size: int) -> NDArray[np.uint8]:
        return self._part(address, size).copy()

    def write_memory(self, address: int, data: NDArray[np.uint8]) -> None:
        self._part(address, data.size)[:] = data

    def wait(self, seconds: float = 0.0) -> None:
        """Until the interrupt, however long that takes; ``HarnessError`` after ``patience`` cycles."""
        if not self.interrupt(self.patience):
            raise HarnessError(f"no interrupt within {self.patience} cycles")

    # For tests.

    def read(self, name: str) -> int:
        """The register called ``name``."""
        return self.read32(REGISTERS[name].offset)

    def write(self, name: str, value: int) -> None:
        """Write the register called ``name``."""
        self.write32(REGISTERS[name].offset, value)

    def interrupt(self, cycles: int) -> bool:
        """Let time pass until the interrupt, for ``cycles`` at most; whether it came."""
        return self._run(cycles, until_interrupt=True)

    def run(self, cycles: int) -> None:
        """Let so many cycles pass."""
        self._run(cycles, until_interrupt=False)

    def reset(self) -> None:
        """Pulse ``rst``; memory forgets what was under way."""
        self._library.engine_reset(self._open_engine)

    def set_memory(self, memory: Memory) -> None:
        """Let memory answer like this from now on."""
        self._shared.set(memory)
        self._library.engine_reseed(self._open_engine)

    def inject(self, *faults: Fault) -> None:
        """Let memory refuse these beats, one run of reads and one of writes at most, and no others."""
        self._shared.inject(*faults)

    @property
    def cycles(self) -> int:
        """Cycles simulated so far."""
        return int(self._shared.cycles)

    @property
    def bursts(self) -> tuple[int, int]:
        """Bursts asked for so far: reads, writes."""
        return tuple(self._shared.bursts)

    @property
    def beats(self) -> tuple[int, int]:
        """Beats transferred so far: reads, writes."""
        return tuple(self._shared.beats)

    @property
    def faults(self) -> tuple[int, int]:
        """Beats refused by ``inject`` so far: reads, writes."""
        return tuple(self._shared.faults)

    @property
    def fault_addresses(self) -> tuple[int, int]:
        """Addresses of the first beat that the last ``inject`` refused, of a write its burst's."""
        return tuple(self._shared.fault_address)

    def _run(self, cycles: int, *, until_interrupt: bool) -> bool:
        up = False
        while cycles > 0 and not (up and until_interrupt):
            step = min(cycles, _SLICE)
            up = bool(
                self._library.engine_run(self._open_engine, ctypes.c_uint64(step), int(until_interrupt))
            )
            self._check_violation()
            cycles -= step
        return up

    def _part(self, address: int, size: int) -> NDArray[np.uint8]:
        if address < self.memory.start or address + size > self.memory.stop:
            raise PortError(f"{size} bytes at {address:#x} are not in memory")
        start = address - self.memory.start
        return self.data[start : start + size]

    def _check(self, silent: int, offset: int) -> None:
        if silent:
            raise HarnessError(f"the access to the register at {offset:#x} is not answered")
        self._check_violation()

    def _check_violation(self) -> None:
        if code := self._shared.violation:
            violation = Violation(code)
            raise HarnessError(
                f"{violation.name} on the memory port at {self._shared.violation_address:#x}:"
                f" {violation.meaning}"
            )


@cache
def _library(
    parameters: EngineParameters,
    product_stages: int,
    target: str,
    result_words: int,
    adder_lanes: int,
    threads: int,
    optimization: str,
) -> tuple[ctypes.CDLL, Design]:
    """The compiled engine and its design, made once per process: Verilog takes longer than most runs."""
    core = Engine(
        **asdict(parameters),
        product_stages=product_stages,
        target=target,
        result_words=result_words,
        adder_lanes=adder_lanes,
    )
    path, design = build_engine_library(core, threads=threads, optimization=optimization)
    library = ctypes.CDLL(str(path))
    library.engine_open.restype = ctypes.c_void_p
    return library, design
