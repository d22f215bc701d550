"""cocotb tests of the write master with cocotbext-axi's memory."""

import random
from pathlib import Path

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiRamWrite, AxiResp, AxiWriteBus

from hw.axi.line import LINE_UNITS, UNIT_BYTES, write_beat_layout
from hw.axi.signatures import CACHE, PROTECTION
from verif.coverage import Coverage
from verif.handshake import STALLS, Source, start, until
from verif.hw.gemm.fragment_memory import payload_of
from verif.runner import bench_parameters

P = bench_parameters()
STALL_NAMES = ["none", "uniform", "bursts"]
COVERAGE = Coverage("write-master", stalls=STALL_NAMES)
SIZE = 1 << 16
LINE = LINE_UNITS * UNIT_BYTES


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
                assert (int(bus.bus_awcache.value), int(bus.bus_awprot.value)) == (CACHE, PROTECTION)
                self.bursts.append(start)


async def begin(dut, stalls: str, rng):
    dut.stop.value = 0
    memory = Memory(dut)
    for channel in (memory.aw_channel, memory.w_channel, memory.b_channel):
        channel.set_pause_generator(STALLS[stalls](random.Random(rng.getrandbits(64))))
    lines = Source(dut, "i", stall="none" if stalls == "none" else "uniform", rng=rng)
    await start(dut, lines)
    cocotb.start_soon(memory.check())
    return memory, lines


def part_of_line(rng, address: int, count: int, turn: int = 0) -> tuple[list[int], bytes]:
    """The beats, and the text that they bring to ``address``."""
    size = P["data_bits"] // 8
    first, last = address // size, (address + count - 1) // size
    text = rng.randbytes((last - first + 1) * size)
    beats = []
    for n in range(first, last + 1):
        units = [address <= n * size + at < address + count for at in range(0, size, UNIT_BYTES)]
        beats.append(
            payload_of(
                write_beat_layout(P["data_bits"], P["address_bits"]),
                number=n,
                more=last - n,
                units=sum(wanted << k for k, wanted in enumerate(units)),
                bytes=count,
                data=int.from_bytes(text[(n - first) * size :][:size], "little"),
                turn=turn,
            )
        )
    start = address % size
    return beats, text[start : start + count]


def random_place(rng) -> tuple[int, int]:
    """An even address and an even length within a line."""
    start, end = sorted(rng.sample(range(LINE_UNITS + 1), 2))
    if rng.random() < 0.3:
        start, end = rng.choice(((0, LINE_UNITS), (0, end), (start, LINE_UNITS)))
    return LINE * rng.randrange(SIZE // LINE) + UNIT_BYTES * start, UNIT_BYTES * (end - start)


async def until_idle(dut, lines) -> None:
    await until(dut, lambda: lines.idle and dut.idle.value)


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(stalls=STALL_NAMES)
async def writes(dut, stalls):
    """Memory ends as if every line had been written byte by byte, in order."""
    rng = random.Random(random.getrandbits(64))
    memory, lines = await begin(dut, stalls, rng)
    expected = bytearray(SIZE)
    count = 0
    for _ in range(P["lines"]):
        address, length = random_place(rng)
        beats, text = part_of_line(rng, address, length)
        lines.send(beats)
        expected[address : address + length] = text
        count += length
    total = 0
    while not (lines.idle and dut.idle.value):
        await RisingEdge(dut.clk)
        total += int(dut.written.value)
        assert not dut.error_valid.value
    assert memory.read(0, SIZE) == bytes(expected)
    assert total == count
    COVERAGE.hit(stalls=stalls)
    COVERAGE.compared(count)
    COVERAGE.write(Path.cwd())


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(stalls=STALL_NAMES)
async def turns(dut, stalls):
    """A turn has ended when all of its lines, but perhaps none of the next turn's, are in memory.

    The one after that begins then.
    """
    rng = random.Random(random.getrandbits(64))
    _, lines = await begin(dut, stalls, rng)
    counts = [rng.randint(1, 8) for _ in range(20)]
    sizes: list[int] = []
    taken = answered = before = overlaps = turn = 0
    while turn < len(counts):
        while len(sizes) < min(turn + 2, len(counts)):
            number = len(sizes)
            pieces = [part_of_line(rng, *random_place(rng), number % 2)[0] for _ in range(counts[number])]
            lines.send([beat for piece in pieces for beat in piece])
            sizes.append(sum(map(len, pieces)))
        await RisingEdge(dut.clk)
        if taken >= sum(sizes[: turn + 1]):
            all_answered = before >= sum(counts[: turn + 1])
            ended = int(dut.ended.value) >> turn % 2 & 1
            assert ended == all_answered, (turn, taken, answered)
            overlaps += all_answered and not int(dut.idle.value)
            turn += all_answered
        # An error in an answer is told a cycle before its turn ends.
        before = answered
        taken += int(dut.i_valid.value) & int(dut.i_ready.value)
        answered += int(dut.bus_bvalid.value) & int(dut.bus_bready.value)
    assert stalls == "none" or overlaps
    await until_idle(dut, lines)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def throughput(dut):
    """Lines, a beat of each, leave at one per cycle."""
    rng = random.Random(1)
    _, lines = await begin(dut, "none", rng)
    size = min(64, P["data_bits"] // 8)
    for n in range(200):
        lines.send(part_of_line(rng, 4096 + n * 64, size)[0])
    cycles = 0
    while not (lines.idle and dut.idle.value):
        await RisingEdge(dut.clk)
        cycles += 1
    assert cycles < 230, cycles


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def stops(dut):
    """After ``stop``, begun bursts end, the rest is dropped, all goes idle; then it works again."""
    rng = random.Random(random.getrandbits(64))
    memory, lines = await begin(dut, "uniform", rng)
    for _ in range(20):
        pieces = [random_place(rng) for _ in range(20)]
        for place in pieces:
            lines.send(part_of_line(rng, *place)[0])
        await ClockCycles(dut.clk, rng.randint(1, 60))
        dut.stop.value = 1
        await ClockCycles(dut.clk, 1)
        await until_idle(dut, lines)
        begun = len(memory.bursts)
        await ClockCycles(dut.clk, 20)
        assert len(memory.bursts) == begun
        dut.stop.value = 0
        await ClockCycles(dut.clk, 2)
        beats, text = part_of_line(rng, 0x2000, 10)
        lines.send(beats)
        await ClockCycles(dut.clk, 2)
        await until_idle(dut, lines)
        assert memory.read(0x2000, 10) == text


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def errors(dut):
    """A response that is not OKAY is reported with its burst's address."""
    rng = random.Random(random.getrandbits(64))
    memory, lines = await begin(dut, "none", rng)
    size = P["data_bits"] // 8
    for response in (AxiResp.SLVERR, AxiResp.DECERR):
        address = 2 * rng.randint(0, SIZE // 2 - 40)
        send = memory.b_channel.send

        async def fail(item, send=send, response=response):
            item.bresp = response
            await send(item)

        memory.b_channel.send = fail
        lines.send(part_of_line(rng, address, 2)[0])
        await until(dut, lambda: dut.error_valid.value, what="the wait for an error", cycles=200)
        memory.b_channel.send = send
        assert not int(dut.ended.value) & 1, "its turn ended before the error was reported"
        error = int(dut.error_payload.value)
        assert error & 3 == int(response)
        assert error >> 2 == address // size * size
        await until_idle(dut, lines)
