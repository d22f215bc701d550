"""cocotb tests of the row collector: random runs of tiles against the bytes that they make."""

import random
from pathlib import Path

import cocotb
from cocotb.triggers import ClockCycles

from hw.axi.line import LINE_UNITS, UNIT_BYTES
from hw.gemm.results.row_layouts import fragment_layout, row_place_layout
from verif.coverage import Coverage
from verif.handshake import Sink, Source, start, until
from verif.hw.gemm.fragment_memory import Lines, payload_of
from verif.runner import bench_parameters

P = bench_parameters()
SIZES = {"rows": P["rows"], "address_bits": P["address_bits"]}
STALLS = ["none", "uniform", "bursts"]
COVERAGE = Coverage("row-collector", stalls=STALLS)
LINE = LINE_UNITS * UNIT_BYTES


class Bytes(Lines):
    """What was written, byte by byte."""

    def __init__(self):
        super().__init__(P["data_bits"], P["address_bits"])
        self.bytes: dict[int, int] = {}

    def take(self, payload: int) -> list[tuple[int, int]]:
        found = super().take(payload)
        for address, byte in found:
            assert address not in self.bytes, f"{address:#x} written twice"
            self.bytes[address] = byte
        return found


def run_of_tiles(rng, base: int, sizes: list[int], pitch: int) -> tuple[list[int], dict[int, int], int]:
    """Payloads of a run, ``sizes`` bytes of each row a tile; the bytes, and the lines that hold them."""
    rows = rng.randint(1, P["rows"])
    at = [base + row * pitch for row in range(rows)]
    payloads, expected, lines = [], {}, 0
    for row in range(rows):
        lines += (at[row] + sum(sizes) - 1) // LINE - at[row] // LINE + 1
    for n, size in enumerate(sizes):
        for row in range(rows):
            for at_byte in range(0, size, 4 * P["words"]):
                text = rng.randbytes(4 * P["words"])
                count, last = min(size - at_byte, len(text)), at_byte + len(text) >= size
                place = payload_of(
                    row_place_layout(**SIZES),
                    address=at[row],
                    row=row,
                    begins=n == 0 and at_byte == 0,
                    ends=n == len(sizes) - 1 and last,
                )
                fragment = payload_of(
                    fragment_layout(words=P["words"], **SIZES),
                    bytes=count,
                    last=last,
                    data=int.from_bytes(text, "little"),
                )
                payloads.append(place | fragment)
                expected |= {at[row] + k: text[k] for k in range(count)}
                at[row] += count
    return payloads, expected, lines


async def begin(dut, stalls: str, rng):
    lines = Bytes()
    fragments = Source(dut, "i", stall=stalls, rng=rng)
    receiver = Sink(dut, "o", stall=stalls, rng=rng, on_beat=lines.take)
    dut.turn.value = dut.writing.value = 0
    await start(dut, fragments, receiver)
    return lines, fragments


async def until_idle(dut, fragments) -> int:
    return await until(dut, lambda: fragments.idle and dut.idle.value)


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(stalls=STALLS)
async def runs(dut, stalls):
    """Every byte of every run leaves once, in as few lines as hold it."""
    rng = random.Random(random.getrandbits(64))
    lines, fragments = await begin(dut, stalls, rng)
    expected, count, base = {}, 0, 0
    for _ in range(P["runs"]):
        unit = rng.choice((2, 8, 12, 18, 32, 64))
        sizes = [unit] * rng.randint(1, 12)
        if rng.random() < 0.3:
            sizes = [2 * rng.randint(1, 32) for _ in sizes]
        base += 2 * rng.randint(0, 100)
        pitch = sum(sizes) + 2 * rng.randint(0, 70)
        payloads, new, needed = run_of_tiles(rng, base, sizes, pitch)
        fragments.send(payloads)
        expected |= new
        count += needed
        base = max(new) + 1 + (base & 1)
        base += base & 1
    await until_idle(dut, fragments)
    assert lines.bytes == expected
    assert lines.count == count
    COVERAGE.hit(stalls=stalls)
    COVERAGE.compared(len(expected))
    COVERAGE.write(Path.cwd())


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(stalls=STALLS)
async def turns(dut, stalls):
    """Lines of the next turn wait until it is theirs; ``idle`` tells when those of this one have left."""
    rng = random.Random(random.getrandbits(64))
    lines, fragments = await begin(dut, stalls, rng)
    base, expected = 0, {}
    for number in range(8):
        dut.turn.value = number % 2
        size = rng.choice((2, 30, 64))
        payloads, new, _ = run_of_tiles(rng, base, [size], size + 2 * rng.randint(0, 70))
        fragments.send(payloads)
        await until(dut, lambda: fragments.idle and dut.placed.value)
        if dut.writing.value != dut.turn.value:
            await until(dut, lambda: dut.idle.value)
            assert lines.bytes == expected
            dut.writing.value = number % 2
        expected |= new
        base = max(new) + 2 + max(new) % 2
    await ClockCycles(dut.clk, 1)
    await until(dut, lambda: dut.idle.value)
    assert lines.bytes == expected


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def one_line(dut):
    """``idle`` waits for a line, wherever it is."""
    rng = random.Random(3)
    lines, fragments = await begin(dut, "none", rng)
    expected = {}
    for base in range(0, 0x1000, 0x100):
        payloads, new, _ = run_of_tiles(rng, base, [2], 2)
        fragments.send(payloads)
        expected |= new
        await ClockCycles(dut.clk, 2)
        await until_idle(dut, fragments)
        assert lines.bytes == expected


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def next_run(dut):
    """A run begins while lines of the one before wait, wherever they lie in memory."""
    rng = random.Random(2)
    lines, fragments = await begin(dut, "none", rng)
    dut.turn.value = 1
    expected = {}
    for base in (0, 0x4000):
        payloads, new, _ = run_of_tiles(rng, base, [LINE], 4 * LINE)
        fragments.send(payloads)
        expected |= new
    await until(dut, lambda: fragments.idle and dut.placed.value, what="room for two lines", cycles=400)
    assert not lines.bytes
    dut.writing.value = 1
    await ClockCycles(dut.clk, 1)
    await until(dut, lambda: dut.idle.value)
    assert lines.bytes == expected


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def throughput(dut):
    """A fragment and a beat per cycle: lines fill with a row's sixth fragment, the last ones all at once."""
    rng = random.Random(1)
    lines, fragments = await begin(dut, "none", rng)
    payloads, expected, needed = run_of_tiles(rng, 0x400, [12] * 16, 192)
    fragments.send(payloads)
    cycles = await until_idle(dut, fragments)
    assert lines.bytes == expected
    assert lines.count == needed
    beats = P["rows"] * LINE * 8 // P["data_bits"]  # of a line of each row
    least = max(len(payloads) + beats, 6 * P["rows"] + 3 * beats)
    assert cycles <= least + 8, (cycles, least)
