"""The engine in cocotb: memory, registers, and the comparison with golden."""

import random
from collections.abc import Iterable

import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiBus, AxiLiteBus, AxiLiteMaster, AxiRam, AxiResp
from numpy.typing import NDArray

from golden.engine import (
    COUNTERS,
    DESCRIPTOR_REGISTERS,
    REGISTERS,
    Descriptor,
    EngineParameters,
    ErrorCode,
    check,
)
from verif.handshake import STALLS, start
from verif.hw.gemm.expected_memory import ExpectedMemory, check_counters
from verif.hw.gemm.random_jobs import Job

__all__ = ["EngineBench"]

_RANGE_EVENT = REGISTERS["INTERRUPT_STATUS"]["range"].mask


class EngineBench:
    """A running engine with a memory of ``size`` bytes and a master for its registers.

    Every byte of memory is compared with ``expected``.

    Parameters
    ----------
    dut:
        The top.
    parameters:
        What it was built with.
    stalls:
        Stall pattern of every channel of the memory.
    size:
        Bytes of memory.
    """

    def __init__(self, dut, parameters: EngineParameters, *, stalls: str = "none", size: int = 1 << 18):
        self.dut = dut
        self.parameters = parameters
        self.memory = AxiRam(AxiBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, size=size)
        self.registers = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
        data = np.random.default_rng(random.getrandbits(64)).integers(0, 256, size, dtype=np.uint8)
        self.memory.write(0, data.tobytes())
        self.expected = ExpectedMemory(parameters, data)
        reads, writes = self.memory.read_if, self.memory.write_if
        for part in (reads, writes, self.registers.read_if, self.registers.write_if):
            part.log.setLevel("WARNING")
        for channel in (
            reads.ar_channel,
            reads.r_channel,
            writes.aw_channel,
            writes.w_channel,
            writes.b_channel,
        ):
            channel.set_pause_generator(STALLS[stalls](random.Random(random.getrandbits(64))))

        self.accesses = [0, 0]
        self._fault: list[tuple[int, AxiResp] | None] = [None, None]
        self._intercept(reads, "_read", reads.r_channel, "rresp", 0)
        self._intercept(writes, "_write", writes.b_channel, "bresp", 1)

    def _intercept(self, port, access: str, channel, field: str, number: int) -> None:
        """Count accesses, and answer those to the faulty byte with its response."""
        original, send = getattr(port, access), channel.send
        answer = AxiResp.OKAY

        async def accessed(address, content):
            nonlocal answer
            self.accesses[number] += 1
            size = content if isinstance(content, int) else len(content)
            if (fault := self._fault[number]) and address <= fault[0] < address + size:
                answer = fault[1]
            return await original(address, content)

        async def sent(response):
            nonlocal answer
            setattr(response, field, answer)
            answer = AxiResp.OKAY
            await send(response)

        setattr(port, access, accessed)
        channel.send = sent

    def fail(self, address: int | None, response: AxiResp, *, writes: bool) -> None:
        """From now on answer reads (or writes) of this byte with ``response``; None: of no byte."""
        self._fault[writes] = None if address is None else (address, response)

    @classmethod
    async def start(cls, dut, parameters: EngineParameters, **options) -> "EngineBench":
        """Start the clock, reset, and return the bench."""
        bench = cls(dut, parameters, **options)
        await start(dut)
        await ClockCycles(dut.clk, 2)
        await bench.write("INTERRUPT_ENABLE", 3)
        return bench

    async def read(self, name: str) -> int:
        """Value of a register."""
        response = await self.registers.read(REGISTERS[name].offset, 4)
        assert response.resp == AxiResp.OKAY
        return int.from_bytes(response.data, "little")

    async def write(self, name: str, value: int) -> AxiResp:
        """Write a register; the response."""
        return (await self.registers.write(REGISTERS[name].offset, value.to_bytes(4, "little"))).resp

    async def submit(self, descriptor: Descriptor) -> AxiResp:
        """Stage a descriptor and ring the doorbell; its response."""
        words = b"".join(word.to_bytes(4, "little") for word in descriptor.words())
        await self.registers.write(DESCRIPTOR_REGISTERS[0].offset, words)
        return await self.write("DOORBELL", 0)

    async def submit_list(self, address: int) -> AxiResp:
        """Ring the lists' doorbell; its response."""
        await self.registers.write(REGISTERS["LIST_ADDRESS_LOW"].offset, address.to_bytes(8, "little"))
        return await self.write("LIST_DOORBELL", 0)

    def put(self, job: Job) -> None:
        """Write a job's operands to memory."""
        for address, content in job.contents:
            self.memory.write(address, content)
        self.expected.put(job)

    async def interrupt(self, timeout: int = 200_000) -> int:
        """Wait for an interrupt; its events, cleared."""
        for _ in range(timeout):
            if self.dut.irq.value:
                events = await self.read("INTERRUPT_STATUS")
                await self.write("INTERRUPT_STATUS", events)
                return events
            await RisingEdge(self.dut.clk)
        raise AssertionError(f"no interrupt within {timeout} cycles")

    async def run(self, jobs: Iterable[Job]) -> None:
        """Run jobs, as many at once as the queue takes, and compare all of memory and the range."""
        start = await self.read("JOBS_DONE")
        jobs = list(jobs)
        for job in jobs:
            self.put(job)
        for job in jobs:
            while (await self.read("STATUS")) & REGISTERS["STATUS"]["full"].mask:
                await ClockCycles(self.dut.clk, 20)
            assert await self.submit(job.descriptor) == AxiResp.OKAY
            assert self.expected.run(job.descriptor) == ErrorCode.NONE
        events = 0
        while (await self.read("JOBS_DONE")) - start < len(jobs):
            events |= await self.interrupt()
            assert events & ~_RANGE_EVENT == 1, hex(await self.read("ERROR_CODE"))
        events |= await self.read("INTERRUPT_STATUS")
        assert events & _RANGE_EVENT == _RANGE_EVENT * any(self.expected.ranges[-len(jobs) :])
        await self.write("INTERRUPT_STATUS", events)
        self.compare(jobs)

    async def refuses(self, descriptor: Descriptor) -> ErrorCode:
        """Golden's code for a descriptor; of a bad one, checked to stop the engine before any access."""
        code = check(descriptor, self.parameters)
        if code != ErrorCode.NONE:
            accesses = list(self.accesses)
            await self.submit(descriptor)
            assert await self.interrupt(2000) == 2, descriptor
            assert await self.read("ERROR_CODE") == code, (code, descriptor)
            assert await self.read("ERROR_ADDRESS_LOW") == await self.read("ERROR_ADDRESS_HIGH") == 0
            assert self.accesses == accesses
        return code

    async def soft_reset(self) -> None:
        """Ask for a soft reset and wait for its end."""
        await self.write("CONTROL", 1)
        for _ in range(1000):
            if not (await self.read("STATUS")) & REGISTERS["STATUS"]["resetting"].mask:
                return
        raise AssertionError("the soft reset does not end")

    def forget(self, descriptors: Iterable[Descriptor]) -> None:
        """Expect in D's rows what is there."""
        self.expected.forget(descriptors, self.found)

    def compare(self, jobs: Iterable[Job] = ()) -> None:
        """Every byte of memory is as expected."""
        self.expected.compare(self.found, jobs)

    @property
    def found(self) -> NDArray[np.uint8]:
        """What memory holds."""
        return np.frombuffer(self.memory.read(0, self.expected.data.size), np.uint8)

    async def counters(self) -> dict[str, int]:
        """Every performance counter; checks that they add up."""
        values = {name: await self.read(name) for name in COUNTERS}
        check_counters(values)
        return values
