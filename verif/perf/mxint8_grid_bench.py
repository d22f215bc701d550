"""cocotb test of the MXINT8 peer's grid: whole products to binary32."""

from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from perf.baselines.mxint8 import MXINT8Element, mxint8_operand_layout, mxint8_steering_layout
from perf.baselines.mxint8_golden import BLOCK, LANES, NAN_SCALE, distances, mxint8_matmul, sign_magnitude
from perf.baselines.peer_grids import MXINT8Grid, mxint8_token_layout
from verif.coverage import Coverage
from verif.golden.samples import bits
from verif.runner import bench_parameters, seed

PARAMETERS = bench_parameters()
GRID = MXINT8Grid(**PARAMETERS)
ROWS, COLS, HALVES = GRID.rows, GRID.cols, BLOCK // LANES
FIRST, DISTANCE, TOKEN = (
    MXINT8Element.first_delay,
    MXINT8Element.distance_delay,
    MXINT8Element.latency,
)
SCALES = {
    "ordinary": (120, 135),
    "smallest": (0, 3),
    "overflow": (190, 255),
    "underflow": (55, 75),
    "wide": (60, 190),
    "NaN": (120, 135),
}
COVERAGE = Coverage("mxint8-grid", scales=SCALES)


def draw(rng, rows, kind, blocks):
    """Codes ``[rows, k]`` and scales ``[rows, blocks]``."""
    codes = rng.integers(-128, 128, (rows, BLOCK * blocks)).astype(np.int8)
    codes[rng.random(codes.shape) < 0.2] = rng.choice([-127, 127, 0])
    scales = rng.integers(*SCALES[kind], (rows, blocks)).astype(np.uint8)
    if kind == "NaN":
        scales[rng.integers(rows), rng.integers(blocks)] = NAN_SCALE
    return codes, scales


def operand(codes):
    signs, magnitudes = sign_magnitude(codes)
    fields = {"sign": sum(int(s) << i for i, s in enumerate(signs)), "magnitude": magnitudes.tolist()}
    return mxint8_operand_layout().const(fields).as_value().value


def set_passes(dut, cycle, start, tile):
    """Operands, distances and ``first`` of a tile whose row 0 begins at cycle ``start``."""
    (a, sa), (b, sb) = tile
    passes = a.shape[1] // LANES
    for ports, codes, scales in (("ar", a, sa), ("bc", b, sb)):
        (_, away), limit = distances(scales), (1 << len(MXINT8Element().column_in)) - 1
        for n, row in enumerate(codes.reshape(len(codes), passes, LANES)):
            if 0 <= (p := cycle - start - n) < passes:
                getattr(dut, f"{ports[0]}_{n}").value = operand(row[p])
            far = cycle - start - n - DISTANCE
            first = cycle - start - n - FIRST
            distance = int(min(away[n, far // HALVES], limit)) if 0 <= far < passes else None
            if ports == "bc" and distance is not None:
                getattr(dut, f"column_{n}").value = distance
            if ports == "ar" and (distance is not None or 0 <= first < passes):
                steering = {"distance": distance or 0, "first": first == 0}
                layout = mxint8_steering_layout(GRID.fraction_bits)
                getattr(dut, f"row_{n}").value = layout.const(steering).as_value().value


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def products(dut):
    """Tile after tile with a gap, so that each has its own references."""
    Clock(dut.clk, 10, unit="ns").start()
    dut.rst.value = 0
    rng = np.random.default_rng(seed())
    for kind in [*SCALES, *SCALES]:
        blocks = int(rng.integers(1, GRID.k_blocks // HALVES + 1))
        tile = draw(rng, ROWS, kind, blocks), draw(rng, COLS, kind, blocks)
        expected = bits(mxint8_matmul(*tile[0], *tile[1], fraction_bits=GRID.fraction_bits))
        (sa, sb), leaves = (t[1].max(-1) for t in tile), HALVES * blocks - 1 + TOKEN
        found = np.zeros((ROWS, COLS), np.uint32)
        for cycle in range(leaves + ROWS + COLS + GRID.drain_latency + 1):
            await RisingEdge(dut.clk)
            # Before the edge the ports still show the cycle before.
            for c in range(COLS):
                r = cycle - 1 - leaves - GRID.drain_latency - c
                if 0 <= r < ROWS:
                    found[r, c] = int(getattr(dut, f"values_{c}").value)
            set_passes(dut, cycle, 0, tile)
            if 0 <= (r := cycle - leaves) < ROWS:
                token = {
                    "row": r,
                    "exponent": int(sa[r]) + GRID.exponent_offset,
                    "nan": int(sa[r] == NAN_SCALE),
                }
                dut.token.value = mxint8_token_layout(ROWS).const(token).as_value().value
            for c in range(COLS):
                getattr(dut, f"column_scale_{c}").value = int(sb[c])
                getattr(dut, f"column_nan_{c}").value = int(sb[c] == NAN_SCALE)
        assert np.array_equal(found, expected), f"{kind}, {blocks} blocks: {found} not {expected}"
        COVERAGE.hit(scales=kind)
        COVERAGE.compared(found.size)
    COVERAGE.require_full()
    COVERAGE.write(Path.cwd())
