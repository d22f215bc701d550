"""cocotb tests of the array: random tiles under every stall pattern, malformed tiles, resets."""

import random
from pathlib import Path

import cocotb
import numpy as np

from golden import Tensor, format_codes, matmul, slots
from golden.formats import RESERVED_CODE
from hw.array.sequencer import TileStatus
from verif.coverage import Coverage
from verif.handshake import Beat
from verif.hw.array.operands import CASES, KINDS, all_pairs, operands, whole_blocks
from verif.runner import bench_parameters
from verif.streams import StreamBench

PARAMETERS = bench_parameters()
ROWS, COLS, DRAIN_ROWS = PARAMETERS["rows"], PARAMETERS["cols"], PARAMETERS["drain_rows"]
K_BLOCKS, FRACTION_BITS = PARAMETERS["k_blocks"], PARAMETERS["fraction_bits"]
A, B, D = "s_axis_a", "s_axis_b", "m_axis_d"

STALLS = {
    "none": "none",
    "uniform": "uniform",
    "bursts": "bursts",
    "output": {A: "none", B: "none", D: "sparse"},
}
LENGTHS = {"single": 1, "short": 3, "long": K_BLOCKS}
QUIET_NAN = 0x7FC00000

FORMATS = Coverage("array-formats-by-stall", a=KINDS, b=KINDS, case=CASES, stall=STALLS)
LENGTHS_HIT = Coverage("array-formats-by-length", a=KINDS, b=KINDS, case=CASES, length=LENGTHS)
OTHERS = Coverage("array-resets")


def input_beats(t: Tensor) -> list[Beat]:
    data, codes = slots(t), format_codes(t)
    last = len(codes) - 1
    return [
        Beat(int.from_bytes(data[:, k].tobytes(), "little"), int(code), k == last)
        for k, code in enumerate(codes)
    ]


def output_beats(values: np.ndarray, status: int = 0) -> list[Beat]:
    """Beats of a tile: uint32 ``[rows, cols]``; beat j carries row j of every drain segment."""
    segments = values.reshape(ROWS // DRAIN_ROWS, DRAIN_ROWS, COLS)
    return [
        Beat(int.from_bytes(segments[:, j].tobytes(), "little"), status, j == DRAIN_ROWS - 1)
        for j in range(DRAIN_ROWS)
    ]


def numpy_rng() -> np.random.Generator:
    return np.random.default_rng(random.getrandbits(64))


def add_tile(
    bench: StreamBench, rng: np.random.Generator, blocks: int, kinds=("mixed", "mixed"), case="ordinary"
):
    """Send a well-formed tile and expect its product."""
    a, b = operands(rng, (ROWS, COLS, whole_blocks(kinds, blocks)), kinds, case)
    bench.send(input_beats(a), A)
    bench.send(input_beats(b), B)
    values = matmul(a, b, fraction_bits=FRACTION_BITS).view(np.uint32)
    bench.expect(output_beats(values), D, note=(kinds, case, blocks))


def record(bench: StreamBench, coverage: Coverage) -> None:
    coverage.compared(bench.compared)
    for each in (coverage, LENGTHS_HIT):
        each.write(Path.cwd())


async def start(dut, stalls) -> StreamBench:
    outputs = ROWS * COLS // DRAIN_ROWS
    return await StreamBench.start(dut, stalls=stalls, outputs_per_beat=outputs)


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(stall=list(STALLS))
async def random_tiles(dut, stall):
    """Every pair of formats in every case, back to back, lengths changing from tile to tile."""
    bench = await start(dut, STALLS[stall])
    rng = numpy_rng()
    tiles = list(enumerate(all_pairs(), start=list(STALLS).index(stall)))
    random.shuffle(tiles)
    for number, (kinds, case) in tiles:
        # Over three stall patterns each pair and case has each length once.
        length = list(LENGTHS)[number % len(LENGTHS)]
        add_tile(bench, rng, LENGTHS[length], kinds, case)
        FORMATS.hit(a=kinds[0], b=kinds[1], case=case, stall=stall)
        LENGTHS_HIT.hit(a=kinds[0], b=kinds[1], case=case, length=length)
    await bench.finish()
    record(bench, FORMATS)


FAULTS = {
    "a longer": (3, 1, None, None, TileStatus.LENGTH_MISMATCH),
    "b longer": (1, 3, None, None, TileStatus.LENGTH_MISMATCH),
    "a overlong": (K_BLOCKS + 2, K_BLOCKS, None, None, TileStatus.OVERLONG),
    "b overlong": (K_BLOCKS, K_BLOCKS + 1, None, None, TileStatus.OVERLONG),
    "both overlong": (K_BLOCKS + 3, 2 * K_BLOCKS + 1, None, None, TileStatus.OVERLONG),
    "a overlong, b short": (K_BLOCKS + 2, 1, None, None, TileStatus.OVERLONG | TileStatus.LENGTH_MISMATCH),
    "reserved in what is dropped": (K_BLOCKS + 2, K_BLOCKS, K_BLOCKS, None, TileStatus.OVERLONG),
    "reserved in the last kept": (
        K_BLOCKS + 2, K_BLOCKS, K_BLOCKS - 1, None, TileStatus.OVERLONG | TileStatus.RESERVED_FORMAT,
    ),
    "reserved in a": (2, 2, 0, None, TileStatus.RESERVED_FORMAT),
    "reserved in b": (2, 2, None, 1, TileStatus.RESERVED_FORMAT),
    "reserved in both": (1, 1, 0, 0, TileStatus.RESERVED_FORMAT),
    "reserved, b longer": (2, 4, 1, None, TileStatus.RESERVED_FORMAT | TileStatus.LENGTH_MISMATCH),
}  # fmt: skip
"""Blocks of A and B, blocks with the reserved format, and the status that must come out."""

MALFORMED = Coverage("array-malformed", fault=FAULTS, stall=STALLS)


def malformed_beats(rng: np.random.Generator, lanes: int, blocks: int, reserved: int | None) -> list[Beat]:
    a, _ = operands(rng, (lanes, 1, blocks), ("mixed", "mixed"), "ordinary")
    beats = input_beats(a)
    return [beat._replace(user=RESERVED_CODE) if k == reserved else beat for k, beat in enumerate(beats)]


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(stall=list(STALLS))
async def malformed_tiles(dut, stall):
    """A malformed tile gives NaN and its status, and leaves the tiles before and after it alone."""
    bench = await start(dut, STALLS[stall])
    rng = numpy_rng()
    for name, (a_blocks, b_blocks, a_reserved, b_reserved, status) in FAULTS.items():
        for _ in range(2):
            add_tile(bench, rng, random.randint(1, K_BLOCKS))
            bench.send(malformed_beats(rng, ROWS, a_blocks, a_reserved), A)
            bench.send(malformed_beats(rng, COLS, b_blocks, b_reserved), B)
            bench.expect(output_beats(np.full((ROWS, COLS), QUIET_NAN, np.uint32), int(status)), D, note=name)
        add_tile(bench, rng, random.randint(1, K_BLOCKS))
        MALFORMED.hit(fault=name, stall=stall)
    await bench.finish()
    record(bench, MALFORMED)


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(stall=["none", "uniform"])
async def reset_at_any_time(dut, stall):
    """A reset in mid-tile leaves nothing behind."""
    bench = await start(dut, STALLS[stall])
    rng = numpy_rng()
    for _ in range(26):
        for _ in range(4):
            add_tile(bench, rng, random.randint(1, K_BLOCKS))
        await bench.wait(random.randint(1, 120))
        await bench.reset(1)
    for _ in range(4):
        add_tile(bench, rng, random.randint(1, K_BLOCKS))
    await bench.finish()
    record(bench, OTHERS)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def output_blocked(dut):
    """With TREADY low for long the array fills up, stops taking input, and then loses nothing."""
    bench = await start(dut, "none")
    rng = numpy_rng()
    beats = 2 * 300
    for _ in range(beats // 2):
        add_tile(bench, rng, 2)
    bench.sinks[D].hold = True
    await bench.wait(1000)
    accepted = bench.sources[A].accepted
    await bench.wait(100)
    assert bench.sources[A].accepted == accepted < beats
    bench.sinks[D].hold = False
    await bench.finish()
    record(bench, OTHERS)


@cocotb.test()
async def every_bin_is_hit(dut):
    """Runs last: the tests above hit every bin."""
    for coverage in (FORMATS, LENGTHS_HIT, MALFORMED):
        coverage.require_full()
