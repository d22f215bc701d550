"""A port to an engine in an FPGA or a chip, under Linux."""

import ctypes
import mmap
import os
import select
import time
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from golden.engine import ADDRESS_SPACE_BITS
from mixdit.driver import arguments
from mixdit.driver.port import PortError

_REGISTER_BYTES = 1 << ADDRESS_SPACE_BITS


class LinuxPort:
    """Registers and memory mapped from device files; a context manager, or `close` it.

    The memory must be physically contiguous, at the address that the engine sees, and mapped
    uncached (which ``O_SYNC`` asks of ``/dev/mem`` and of u-dma-buf), for example a reserved region of
    ``/dev/mem``.

    Parameters
    ----------
    registers:
        File to map the registers from: ``/dev/uio0``, or ``/dev/mem``.
    register_offset:
        Where in that file they start: 0 for UIO, the physical address for ``/dev/mem``.
    buffer:
        File to map the memory from: ``/dev/mem``, ``/dev/udmabuf0``...
    buffer_offset:
        Where in that file it starts.
    address:
        Address of the memory as the engine sees it.
    size:
        Its size in bytes.
    interrupts:
        Whether ``registers`` is a UIO device that reports the engine's interrupt; otherwise `wait` sleeps.

    Raises
    ------
    OSError
        A file cannot be opened or mapped.
    TypeError, ValueError
        An address, size or offset that is no int, or is negative, or beyond the file; an offset that is not
        a multiple of the page size.
    """

    def __init__(
        self,
        *,
        registers: str,
        buffer: str,
        address: int,
        size: int,
        register_offset: int = 0,
        buffer_offset: int = 0,
        interrupts: bool = False,
    ) -> None:
        address = arguments.integer("address", address, 0)
        size = arguments.integer("size", size, 1)
        interrupts = arguments.flag("interrupts", interrupts)
        for name, offset in (("register_offset", register_offset), ("buffer_offset", buffer_offset)):
            if arguments.integer(name, offset, 0) % mmap.ALLOCATIONGRANULARITY:
                page = mmap.ALLOCATIONGRANULARITY
                raise ValueError(f"{name} must be a multiple of {page}, the page size, not {offset:#x}")
        self.memory = range(address, address + size)
        self._interrupts = interrupts
        self._closed = False
        self._device = os.open(registers, os.O_RDWR | os.O_SYNC)
        try:
            self._registers = mmap.mmap(self._device, _REGISTER_BYTES, offset=register_offset)
            file = os.open(buffer, os.O_RDWR | os.O_SYNC)
            try:
                self._buffer = mmap.mmap(file, size, offset=buffer_offset)
            finally:
                os.close(file)
        except BaseException:
            os.close(self._device)
            raise

    def __enter__(self) -> "LinuxPort":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Unmap everything; any access after it raises `PortError`."""
        if not self._closed:
            self._closed = True
            self._registers.close()
            self._buffer.close()
            os.close(self._device)

    def read32(self, offset: int) -> int:
        self._check_open()
        return int(ctypes.c_uint32.from_buffer(self._registers, offset).value)

    def write32(self, offset: int, value: int) -> None:
        self._check_open()
        # One store of 32 bits: registers take no smaller ones. A refused doorbell (SLVERR) may show as
        # SIGBUS on some systems, so it is not rung when the engine would refuse it.
        ctypes.c_uint32.from_buffer(self._registers, offset).value = value

    def read_memory(self, address: int, size: int) -> NDArray[np.uint8]:
        start = self._start(address, size)
        return np.frombuffer(self._buffer[start : start + size], np.uint8).copy()

    def write_memory(self, address: int, data: NDArray[np.uint8]) -> None:
        start = self._start(address, data.size)
        self._buffer[start : start + data.size] = data.tobytes()

    def wait(self, seconds: float) -> None:
        """Until UIO reports the interrupt, or for ``seconds``; without UIO a thousandth of a second."""
        self._check_open()
        if not self._interrupts:
            time.sleep(min(seconds, 0.001))
            return
        os.write(self._device, (1).to_bytes(4, "little"))  # UIO masks the interrupt after each one
        if select.select([self._device], [], [], seconds)[0]:
            os.read(self._device, 4)

    def _check_open(self) -> None:
        if self._closed:
            raise PortError("the port is closed")

    def _start(self, address: int, size: int) -> int:
        self._check_open()
        if size < 0 or address < self.memory.start or address + size > self.memory.stop:
            raise PortError(f"{size} bytes at {address:#x} are not in the mapped memory")
        return address - self.memory.start
