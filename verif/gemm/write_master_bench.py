"""cocotb tests of the write master with cocotbext-axi's memory."""

import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiRamWrite, AxiResp, AxiWriteBus

from hw.gemm.result_layouts import fragment_layout
from verif.coverage import Coverage
from verif.gemm.handshake import Sender
from verif.runner import bench_parameters
from verif.streams import STALLS

P = bench_parameters()
STALL_NAMES = ["none", "uniform", "bursts"]
COVERAGE = Coverage("write-master", stalls=STALL_NAMES)
SIZE = 1 << 16


class Memory(AxiRamWrite):
    """Memory that notes each burst and checks it against AXI4."""

    def __init__(self, dut):
        super().__init__(AxiWriteBus.from_prefix(dut, "bus"), dut.clk, dut.rst, size=SIZE)
        self.bursts: list[int] = []
        self.dut = dut
        self.log.setLevel("WARNING")

    async def check(self) -> None:
        """No burst crosses a page; beats are as wide as the bus."""
        bus = self.dut
        while True:
            await RisingEdge(bus.clk)
            if bus.bus_awvalid.value and bus.bus_awready.value:
                start = int(bus.bus_awaddr.value)
                beats, size = int(bus.bus_awlen.value) + 1, 1 << int(bus.bus_awsize.value)
                assert size == P["data_bits"] // 8
                assert start // 4096 == (start + beats * size - 1) // 4096, hex(start)
                assert int(bus.bus_awburst.value) == 1
                self.bursts.append(start)


async def start(dut, stalls: str, rng):
    dut.stop.value = 0
    dut.rst.value = 1
    memory = Memory(dut)
    for channel in (memory.aw_channel, memory.w_channel, memory.b_channel):
        channel.set_pause_generator(STALLS[stalls](random.Random(rng.getrandbits(64))))
    fragments = Sender(dut, "i", stall="none" if stalls == "none" else "uniform", rng=rng)
    Clock(dut.clk, 10, unit="ns").start()
    await ClockCycles(dut.clk, 4)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 4)
    cocotb.start_soon(fragments.run())
    cocotb.start_soon(memory.check())
    return memory, fragments


def fragment(rng, address: int, count: int) -> tuple[int, bytes]:
    text = rng.randbytes(count)
    value = int.from_bytes(text + rng.randbytes(64 - count), "little")
    payload = fragment_layout(P["address_bits"]).const({"address": address, "bytes": count, "data": value})
    return payload.as_value().value, text


def random_place(rng) -> tuple[int, int]:
    """An even address, often just before the end of a page, and an even length."""
    count = rng.choice((2, 8, 12, 18, 32, 64, 2 * rng.randint(1, 32)))
    anywhere = 2 * rng.randint(0, SIZE // 2 - 40)
    near_page_end = 4096 * rng.randint(1, 15) - 2 * rng.randint(0, 32)
    return rng.choice((anywhere, near_page_end)), count


async def until_idle(dut, fragments) -> None:
    for _ in range(30000):
        await RisingEdge(dut.clk)
        if fragments.idle and dut.idle.value:
            return
    raise AssertionError("not idle")


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(stalls=STALL_NAMES)
async def writes(dut, stalls):
    """Memory ends as if every fragment had been written byte by byte, in order."""
    rng = random.Random(random.getrandbits(64))
    memory, fragments = await start(dut, stalls, rng)
    expected = bytearray(SIZE)
    count = 0
    for _ in range(P["fragments"]):
        address, length = random_place(rng)
        payload, text = fragment(rng, address, length)
        fragments.send([payload])
        expected[address : address + length] = text
        count += length
    total = 0
    while not (fragments.idle and dut.idle.value):
        await RisingEdge(dut.clk)
        total += int(dut.written.value)
        assert not dut.error_valid.value
    assert memory.read(0, SIZE) == bytes(expected)
    assert total == count
    COVERAGE.hit(stalls=stalls)
    COVERAGE.compared(count)
    COVERAGE.write(Path.cwd())


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def throughput(dut):
    """Aligned fragments of a beat leave at one per cycle."""
    rng = random.Random(1)
    _, fragments = await start(dut, "none", rng)
    size = min(64, P["data_bits"] // 8)
    fragments.send([fragment(rng, 4096 + n * size, size)[0] for n in range(200)])
    cycles = 0
    while not (fragments.idle and dut.idle.value):
        await RisingEdge(dut.clk)
        cycles += 1
    assert cycles < 230, cycles


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def stops(dut):
    """After ``stop``, begun bursts end, the rest is dropped, all goes idle; then it works again."""
    rng = random.Random(random.getrandbits(64))
    memory, fragments = await start(dut, "uniform", rng)
    for _ in range(20):
        pieces = [random_place(rng) for _ in range(20)]
        fragments.send([fragment(rng, *place)[0] for place in pieces])
        await ClockCycles(dut.clk, rng.randint(1, 60))
        dut.stop.value = 1
        await ClockCycles(dut.clk, 1)
        await until_idle(dut, fragments)
        begun = len(memory.bursts)
        await ClockCycles(dut.clk, 20)
        assert len(memory.bursts) == begun
        dut.stop.value = 0
        await ClockCycles(dut.clk, 2)
        payload, text = fragment(rng, 0x2000, 10)
        fragments.send([payload])
        await ClockCycles(dut.clk, 2)
        await until_idle(dut, fragments)
        assert memory.read(0x2000, 10) == text


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def errors(dut):
    """A response that is not OKAY is reported with its burst's address."""
    rng = random.Random(random.getrandbits(64))
    memory, fragments = await start(dut, "none", rng)
    size = P["data_bits"] // 8
    for response in (AxiResp.SLVERR, AxiResp.DECERR):
        address = 2 * rng.randint(0, SIZE // 2 - 40)
        send = memory.b_channel.send

        async def fail(item, send=send, response=response):
            item.bresp = response
            await send(item)

        memory.b_channel.send = fail
        fragments.send([fragment(rng, address, 2)[0]])
        for _ in range(200):
            await RisingEdge(dut.clk)
            if dut.error_valid.value:
                break
        else:
            raise AssertionError("no error reported")
        memory.b_channel.send = send
        error = int(dut.error.value)
        assert error & 3 == int(response)
        assert error >> 2 == address // size * size
        await until_idle(dut, fragments)
