"""cocotb tests of the processing element, as exported Verilog or as a netlist."""

import random
from itertools import product
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from hw.processing_element import ProcessingElement, row_control_layout
from verif.array.operands import CASES, KINDS, operands, whole_blocks
from verif.coverage import Coverage
from verif.netlist.element_vectors import Cycle, Tile, schedule
from verif.runner import bench_parameters

PARAMETERS = bench_parameters()
FRACTION_BITS, K_BLOCKS = PARAMETERS["fraction_bits"], PARAMETERS["k_blocks"]
ELEMENT = ProcessingElement(fraction_bits=FRACTION_BITS, k_blocks=K_BLOCKS)
LENGTHS = (1, 2, K_BLOCKS)

COVERAGE = Coverage("element", a=KINDS, b=KINDS, case=CASES)


def tiles(rng: np.random.Generator, case: str) -> list[Tile]:
    """One of every pair of kinds."""
    result = []
    for kinds in product(KINDS, KINDS):
        blocks = min(whole_blocks(kinds, int(rng.choice(LENGTHS))), K_BLOCKS)
        if blocks < whole_blocks(kinds, 1):
            continue
        result.append(Tile(*operands(rng, (1, 1, whole_blocks(kinds, blocks)), kinds, case)))
        COVERAGE.hit(a=kinds[0], b=kinds[1], case=case)
    return result


async def run(dut, cycles: list[Cycle]) -> int:
    """Drive ``cycles`` and check the drain register in each; returns how many totals were compared."""
    low, width = ELEMENT.low_bits, ELEMENT.width
    steering = row_control_layout(FRACTION_BITS)
    compared = 0
    halves: dict[tuple[int, int], tuple[int, bool]] = {}  # (cycle, half): value, from the accumulator

    def expect(cycle: int, total: int, source: int | None) -> None:
        halves[cycle + 2, 0] = total & ((1 << low) - 1), source is None
        halves[cycle + 3, 1] = total >> low & ((1 << (width - low)) - 1), source is None

    known: list[int | None] = [None, None]
    for n, cycle in enumerate([*cycles, *cycles[:4]]):
        await RisingEdge(dut.clk)
        # Before the edge the ports still show the cycle before.
        got = int(dut.drain_out.value)
        for half, value in enumerate((got & ((1 << low) - 1), got >> low)):
            if (n - 1, half) in halves:
                known[half], total = halves.pop((n - 1, half))
                compared += total
            assert known[half] is None or value == known[half], (
                f"cycle {n - 1}, {('low', 'high')[half]} half: {value:#x}, expected {known[half]:#x}"
            )
        if n >= len(cycles):
            continue
        for j in range(len(cycle.a)):
            getattr(dut, f"a_in_{j}").value = cycle.a[j]
            getattr(dut, f"b_in_{j}").value = cycle.b[j]
        dut.row_in.value = steering.const({
            "distance": cycle.row_distance,
            "first": cycle.first,
            "capture": cycle.capture,
            "load": cycle.load,
        }).as_value().value
        dut.column_in.value = cycle.column_distance
        dut.drain_in.value = cycle.drain
        if cycle.capture:
            expect(n, cycle.expected % (1 << width), None)
        elif cycle.load:
            above = cycles[n + 1].drain & ((1 << low) - 1) | cycles[n + 2].drain >> low << low
            expect(n, above, n)
    return compared // 2


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(case=list(CASES))
async def totals(dut, case):
    """Tiles of every pair of formats, one after the other."""
    Clock(dut.clk, 10, unit="ns").start()
    dut.rst.value = 1
    await RisingEdge(dut.clk)
    dut.rst.value = 0
    rng = np.random.default_rng(random.getrandbits(64))
    cycles = schedule(tiles(rng, case), FRACTION_BITS, ELEMENT.width, rng)
    compared = await run(dut, cycles)
    assert compared == sum(cycle.capture for cycle in cycles)
    COVERAGE.compared(compared)
    COVERAGE.write(Path.cwd())
    if case == CASES[-1]:
        COVERAGE.require_full()
