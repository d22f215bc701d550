"""cocotb tests of the processing element, as exported Verilog or as a netlist."""

import random
from itertools import product
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from hw.array.processing_element import ProcessingElement, row_control_layout
from verif.coverage import Coverage
from verif.hw.array.operands import CASES, KINDS, operands, whole_blocks
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
    """Drive ``cycles`` and check every total when it shows; returns how many were compared."""
    low, width = ELEMENT.low_bits, ELEMENT.width
    steering = row_control_layout(FRACTION_BITS)
    compared, high = 0, None
    for n, cycle in enumerate(cycles):
        await RisingEdge(dut.clk)
        # Before the edge the ports still show the cycle before. The high half shows a cycle later.
        total = int(dut.total.value)
        found = total >> low
        assert high is None or found == high, f"cycle {n - 1}, high half: {found:#x}, not {high:#x}"
        high = None
        expected = cycles[n - 1].expected if n else None
        if expected is not None:
            expected %= 1 << width
            found, wanted = total % (1 << low), expected % (1 << low)
            assert found == wanted, f"cycle {n - 1}, low half: {found:#x}, not {wanted:#x}"
            high = expected >> low
            compared += 1
        for j in range(len(cycle.a)):
            getattr(dut, f"a_in_{j}").value = cycle.a[j]
            getattr(dut, f"b_in_{j}").value = cycle.b[j]
        dut.row_in.value = (
            steering.const(
                {
                    "distance": cycle.row_distance,
                    "first": cycle.first,
                }
            )
            .as_value()
            .value
        )
        dut.column_in.value = cycle.column_distance
    assert high is None, "the last total's high half was not seen"
    return compared


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(case=list(CASES))
async def totals(dut, case):
    """Tiles of every pair of formats, one after the other."""
    Clock(dut.clk, 10, unit="ns").start()
    dut.rst.value = 1
    await RisingEdge(dut.clk)
    dut.rst.value = 0
    rng = np.random.default_rng(random.getrandbits(64))
    cycles = schedule(ELEMENT, tiles(rng, case), rng)
    compared = await run(dut, cycles)
    assert compared == sum(cycle.expected is not None for cycle in cycles)
    COVERAGE.compared(compared)
    COVERAGE.write(Path.cwd())
    if case == CASES[-1]:
        COVERAGE.require_full()
