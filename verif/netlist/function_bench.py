"""cocotb test of a unit of functions, as Verilog or as a netlist; ``parameters["unit"]`` says which."""

from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from verif.coverage import Coverage
from verif.hw.functions.function_vectors import UNITS, VECTORS, due
from verif.runner import bench_parameters

NAME = bench_parameters()["unit"]
UNIT = UNITS[NAME]()
CASES = VECTORS[NAME]
COVERAGE = Coverage(NAME, case=list(CASES))


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(case=list(CASES))
async def results(dut, case):
    """An element per cycle, each result against golden's."""
    vectors = CASES[case]()
    Clock(dut.clk, 10, unit="ns").start()
    dut.rst.value = 1
    await RisingEdge(dut.clk)
    dut.rst.value = 0
    for name, value in (vectors.held or {}).items():
        getattr(dut, name).value = value
    inputs = {name: column.tolist() for name, column in due(UNIT, vectors).items()}
    expected = vectors.expected.tolist()
    # What is driven behind an edge shows in the result that the edge ``latency`` cycles later ends with.
    for cycle in range(len(expected) + UNIT.latency + 1):
        await RisingEdge(dut.clk)
        at = cycle - UNIT.latency - 1
        if at >= vectors.settling:
            found = int(dut.o.value)
            assert found == expected[at], f"{case}, element {at}: {found:#010x}, not {expected[at]:#010x}"
        for name, column in inputs.items():
            getattr(dut, name).value = column[min(cycle, len(column) - 1)]
    COVERAGE.hit(case=case)
    COVERAGE.compared(len(expected))
    COVERAGE.write(Path.cwd())
    if case == list(CASES)[-1]:
        COVERAGE.require_full()
