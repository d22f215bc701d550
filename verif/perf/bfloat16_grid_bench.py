"""cocotb test of the bfloat16 peer's grid: whole products, their sums read in the pause after them."""

from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from perf.baselines.bfloat16_fma import BFloat16Element
from perf.baselines.bfloat16_golden import bfloat16_dot
from verif.coverage import Coverage
from verif.golden.samples import bits
from verif.runner import bench_parameters, seed

PARAMETERS = bench_parameters()
ROWS, COLS = PARAMETERS["rows"], PARAMETERS["cols"]
TURNS, FIRST, TOTAL = BFloat16Element.interleaved, BFloat16Element.first_delay, BFloat16Element.latency
EXPONENTS = {"ordinary": (118, 136), "smallest": (55, 70), "largest": (185, 195), "any": (0, 256)}
COVERAGE = Coverage("bfloat16-grid", exponents=EXPONENTS)
MINUS_ZERO = 0x8000


def draw(rng, kind, rows, length):
    """Patterns ``[rows, turns, length]``."""
    words = rng.integers(0, 1 << 16, (rows, TURNS, length), dtype=np.uint16)
    return words & 0x807F | rng.integers(*EXPONENTS[kind], words.shape, dtype=np.uint16) << 7


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def products(dut):
    """Sum n of an element is row n of its activations times row n of its weights."""
    Clock(dut.clk, 10, unit="ns").start()
    rng = np.random.default_rng(seed())
    for kind in [*EXPONENTS, *EXPONENTS]:
        length = int(rng.integers(1, 12))
        a, b = draw(rng, kind, ROWS, length), draw(rng, kind, COLS, length)
        expected = bits(bfloat16_dot(a[:, None], b[None]))
        found = np.zeros_like(expected)
        # The totals of row r, at column 0, in the r-th turn from the last operands on.
        shown = [(length - 1 + r) * TURNS + TOTAL + r for r in range(ROWS)]
        for cycle in range(shown[-1] + TURNS + COLS + 2):
            await RisingEdge(dut.clk)
            # Before the edge the ports still show the cycle before.
            for c in range(COLS):
                for r in range(ROWS):
                    if 0 <= (slot := cycle - 1 - shown[r] - 1 - c) < TURNS:
                        found[r, c, slot] = int(getattr(dut, f"values_{c}").value)
            for port, words, pause in (("a", a, 0), ("b", b, MINUS_ZERO)):
                for n in range(len(words)):
                    step, slot = divmod(cycle - n, TURNS)
                    word = int(words[n, slot, step]) if 0 <= step < length else pause
                    getattr(dut, f"{port}_{n}").value = word
            for n in range(ROWS):
                getattr(dut, f"first_{n}").value = int(0 <= cycle - n - FIRST < TURNS)
            dut.drain_row.value = sum(cycle >= start for start in shown[1:])
        assert np.array_equal(found, expected), f"{kind}, {length} long: {found} not {expected}"
        COVERAGE.hit(exponents=kind)
        COVERAGE.compared(found.size)
    COVERAGE.require_full()
    COVERAGE.write(Path.cwd())
