"""The driver's port to an engine in a cocotb simulation."""

from typing import Any

import numpy as np
from cocotb.task import resume
from cocotb.triggers import First, RisingEdge, Timer
from cocotbext.axi import AxiLiteMaster, AxiRam, AxiResp
from numpy.typing import NDArray

from mixdit.driver import PortError

__all__ = ["SimulatedPort"]

_CLOCK_NS = 10


class SimulatedPort:
    """Registers through an AXI4-Lite master, memory in cocotbext-axi's RAM.

    The driver's calls block, so it must run in a function that ``cocotb.task.bridge`` made.

    Parameters
    ----------
    dut:
        The engine, for its interrupt.
    registers, memory:
        What is connected to it.
    addresses:
        Those that the driver may use.
    """

    def __init__(self, dut: Any, registers: AxiLiteMaster, memory: AxiRam, addresses: range):
        self.dut = dut
        self.registers = registers
        self.ram = memory
        self.memory = addresses

    def read32(self, offset: int) -> int:
        return resume(self._read)(offset)

    def write32(self, offset: int, value: int) -> None:
        if resume(self._write)(offset, value) != AxiResp.OKAY:
            raise PortError(f"the write of {value:#x} to {offset:#x} was refused")

    def read_memory(self, address: int, size: int) -> NDArray[np.uint8]:
        return np.frombuffer(self.ram.read(address, size), np.uint8).copy()

    def write_memory(self, address: int, data: NDArray[np.uint8]) -> None:
        self.ram.write(address, data.tobytes())

    def wait(self, seconds: float) -> None:
        """Until the interrupt, or for 1000 cycles."""
        resume(self._wait)()

    async def _read(self, offset: int) -> int:
        return int.from_bytes((await self.registers.read(offset, 4)).data, "little")

    async def _write(self, offset: int, value: int) -> AxiResp:
        return (await self.registers.write(offset, value.to_bytes(4, "little"))).resp

    async def _wait(self) -> None:
        if not self.dut.irq.value:
            await First(RisingEdge(self.dut.irq), Timer(1000 * _CLOCK_NS, "ns"))
