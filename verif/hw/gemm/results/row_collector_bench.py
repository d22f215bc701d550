"""cocotb tests of the row collector: random runs of tiles against the bytes that they make."""

import random
from pathlib import Path

import cocotb

from hw.axi.line import LINE_UNITS, UNIT_BYTES, line_layout
from hw.gemm.results.result_format import fragment_layout, row_place_layout
from verif.coverage import Coverage
from verif.handshake import Sink, Source, start, until
from verif.hw.gemm.fragment_memory import fields_of, payload_of
from verif.runner import bench_parameters

P = bench_parameters()
SIZES = {"rows": P["rows"], "address_bits": P["address_bits"]}
STALLS = ["none", "uniform", "bursts"]
COVERAGE = Coverage("row-collector", stalls=STALLS)
LINE = LINE_UNITS * UNIT_BYTES


class Lines:
    """What was written, byte by byte, and how many lines it took."""

    def __init__(self):
        self.bytes: dict[int, int] = {}
        self.count = 0

    def take(self, payload: int) -> None:
        line = fields_of(line_layout(P["address_bits"]), payload)
        text = line["data"].to_bytes(LINE, "little")
        assert line["start"] < line["end"] <= LINE_UNITS
        self.count += 1
        for byte in range(UNIT_BYTES * line["start"], UNIT_BYTES * line["end"]):
            address = LINE * line["line"] + byte
            assert address not in self.bytes, f"{address:#x} written twice"
            self.bytes[address] = text[byte]


def run_of_tiles(rng, base: int, sizes: list[int], pitch: int) -> tuple[list[int], dict[int, int], int]:
    """Payloads of a run, ``sizes`` bytes of each row a tile; the bytes, and the lines that hold them."""
    rows = rng.randint(1, P["rows"])
    at = [base + row * pitch for row in range(rows)]
    payloads, expected, lines = [], {}, 0
    for row in range(rows):
        lines += (at[row] + sum(sizes) - 1) // LINE - at[row] // LINE + 1
    for n, size in enumerate(sizes):
        for row in range(rows):
            text = rng.randbytes(64)
            place = payload_of(
                row_place_layout(**SIZES), address=at[row], row=row, begins=n == 0, ends=n == len(sizes) - 1
            )
            payloads.append(
                place | payload_of(fragment_layout(**SIZES), bytes=size, data=int.from_bytes(text, "little"))
            )
            expected |= {at[row] + k: text[k] for k in range(size)}
            at[row] += size
    return payloads, expected, lines


async def begin(dut, stalls: str, rng):
    lines = Lines()
    fragments = Source(dut, "i", stall=stalls, rng=rng)
    receiver = Sink(dut, "o", stall=stalls, rng=rng, on_beat=lines.take)
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
async def throughput(dut):
    """A fragment per cycle, of which several make a line."""
    rng = random.Random(1)
    lines, fragments = await begin(dut, "none", rng)
    payloads, expected, needed = run_of_tiles(rng, 0x400, [12] * 16, 192)
    fragments.send(payloads)
    cycles = await until_idle(dut, fragments)
    assert lines.bytes == expected
    assert lines.count == needed
    assert cycles <= len(payloads) + 6, (cycles, len(payloads))
