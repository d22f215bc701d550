"""cocotb tests of the array with a quantizer behind it."""

import random
from pathlib import Path

import cocotb
import numpy as np

from golden import format_codes, matmul, quantize, slots
from golden.formats import STREAM_FORMATS
from verif.coverage import Coverage
from verif.handshake import Beat
from verif.hw.array.operands import CASES, KINDS, all_pairs, operands, whole_blocks
from verif.runner import bench_parameters
from verif.streams import StreamBench

PARAMETERS = bench_parameters()
ROWS, COLS, K_BLOCKS = PARAMETERS["rows"], PARAMETERS["cols"], PARAMETERS["k_blocks"]
A, B, D = "s_axis_a", "s_axis_b", "m_axis_d"
STALLS = {"none": "none", "uniform": "uniform", "output": {A: "none", B: "none", D: "sparse"}}
COVERAGE = Coverage("array-quantizer", format=[str(f) for f in STREAM_FORMATS], case=CASES, stall=STALLS)
KINDS_HIT = Coverage("array-quantizer-operands", a=KINDS, b=KINDS)


def beats(t, result: int | None, rng: random.Random) -> list[Beat]:
    """Beats of an operand; of B with the result's format in the last one and anything before."""
    data, codes = slots(t), format_codes(t)
    last = len(codes) - 1
    made = []
    for k, code in enumerate(codes):
        user = int(code)
        if result is not None:
            user |= (result if k == last else rng.randrange(4)) << 2
        made.append(Beat(int.from_bytes(data[:, k].tobytes(), "little"), user, k == last))
    return made


def add_tile(bench, rng: random.Random, kinds, case, fmt) -> None:
    """A tile of 16 columns, ``16 / COLS`` of the array's."""
    blocks = whole_blocks(kinds, rng.choice((1, 2, K_BLOCKS - 1)))
    numbers = np.random.default_rng(rng.getrandbits(64))
    a, b = operands(numbers, (ROWS, 16, blocks), kinds, case)
    for start in range(0, 16, COLS):
        # What the tiles before the last one say of the result's format means nothing.
        code = fmt.code if start + COLS == 16 else rng.randrange(4)
        bench.send(beats(a, None, rng), A)
        bench.send(beats(b[start : start + COLS], code, rng), B)
    packed = slots(quantize(matmul(a, b), fmt))
    expected = [
        Beat(int.from_bytes(row.tobytes(), "little"), fmt.code, n == ROWS - 1) for n, row in enumerate(packed)
    ]
    bench.expect(expected, D, note=(kinds, case, fmt.name, blocks))


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(stall=list(STALLS))
async def random_tiles(dut, stall):
    bench = await StreamBench.start(dut, stalls=STALLS[stall], outputs_per_beat=16)
    rng = random.Random(random.getrandbits(64))
    tiles = list(enumerate(all_pairs(), start=list(STALLS).index(stall)))
    rng.shuffle(tiles)
    for number, (kinds, case) in tiles:
        fmt = STREAM_FORMATS[number % len(STREAM_FORMATS)]
        add_tile(bench, rng, kinds, case, fmt)
        COVERAGE.hit(format=str(fmt), case=case, stall=stall)
        KINDS_HIT.hit(a=kinds[0], b=kinds[1])
    await bench.finish()
    COVERAGE.compared(bench.compared)
    for coverage in (COVERAGE, KINDS_HIT):
        coverage.write(Path.cwd())


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def resets(dut):
    """A reset in mid-tile leaves nothing behind."""
    bench = await StreamBench.start(dut, stalls="none", outputs_per_beat=16)
    rng = random.Random(random.getrandbits(64))
    for _ in range(10):
        for _ in range(3):
            add_tile(bench, rng, ("MX6", "MX9"), "ordinary", STREAM_FORMATS[1])
        await bench.wait(rng.randint(1, 150))
        await bench.reset(1)
    add_tile(bench, rng, ("MX6", "MX9"), "ordinary", STREAM_FORMATS[2])
    await bench.finish()


def add_plain_tile(bench, rng: random.Random, blocks: int) -> None:
    a, b = operands(np.random.default_rng(1), (ROWS, 16, blocks), ("MX9", "MX6"), "ordinary")
    fmt = STREAM_FORMATS[1]
    for start in range(0, 16, COLS):
        bench.send(beats(a, None, rng), A)
        bench.send(beats(b[start : start + COLS], fmt.code, rng), B)
    for n, row in enumerate(slots(quantize(matmul(a, b), fmt))):
        bench.expect([Beat(int.from_bytes(row.tobytes(), "little"), fmt.code, n == ROWS - 1)], D)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def throughput(dut):
    """Tiles follow each other without a gap."""
    bench = await StreamBench.start(dut, stalls="none", outputs_per_beat=16)
    rng = random.Random(1)
    tiles = 40
    for _ in range(tiles):
        add_plain_tile(bench, rng, ROWS)
    board = bench.scoreboards[D]
    await bench.wait_until(lambda: board.beats == ROWS)
    start = bench.cycles
    await bench.wait_until(lambda: board.beats == tiles * ROWS)
    passes = 2 * ROWS * 16 // COLS
    assert bench.cycles - start <= (tiles - 1) * max(ROWS, passes) + 4


@cocotb.test(timeout_time=10, timeout_unit="ms", skip=COLS != 16)
async def latency(dut):
    """From the last input beats to the first block, as the export promises: a pass more than one, here."""
    bench = await StreamBench.start(dut, stalls="none", outputs_per_beat=16)
    add_plain_tile(bench, random.Random(1), 1)
    while not (dut.s_axis_a_tvalid.value and dut.s_axis_a_tready.value):
        await bench.wait(1)
    start = bench.cycles
    while not dut.m_axis_d_tvalid.value:
        await bench.wait(1)
    assert bench.cycles - start == PARAMETERS["latency"] + 1
    await bench.finish()
