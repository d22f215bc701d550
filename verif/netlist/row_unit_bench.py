"""cocotb test of a unit that works once for a row, as a netlist; ``parameters["unit"]`` says which."""

import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from verif.coverage import Coverage
from verif.hw.functions.row_vectors import ROW_UNITS
from verif.runner import bench_parameters

NAME = bench_parameters()["unit"]
CASES = ROW_UNITS[NAME].cases
COVERAGE = Coverage(NAME, case=list(CASES))


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(case=list(CASES))
async def results(dut, case):
    """Random stalls on both sides, each result against golden's."""
    vectors = CASES[case]()
    Clock(dut.clk, 10, unit="ns").start()
    for name, value in {"rst": 1, "i_valid": 0, "o_ready": 0, **vectors.ports}.items():
        getattr(dut, name).value = value
    for _ in range(2):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    sent, found, offers, takes = 0, [], False, False
    while len(found) < len(vectors.expected):
        await RisingEdge(dut.clk)
        # Before the edge the ports still show the cycle before.
        if takes and dut.o_valid.value == 1:
            at = len(found)
            found.append(int(dut.o_payload.value))
            assert found[at] == vectors.expected[at], (
                f"{case}, result {at}: {found[at]:#x}, not {vectors.expected[at]:#x}"
            )
        if offers and dut.i_ready.value == 1:
            sent, offers = sent + 1, False
        offers = sent < len(vectors.payloads) and (offers or random.random() < 0.8)
        takes = random.random() < 0.5
        dut.i_valid.value = int(offers)
        dut.i_payload.value = vectors.payloads[sent] if offers else 0
        dut.o_ready.value = int(takes)
    COVERAGE.hit(case=case)
    COVERAGE.compared(len(found))
    COVERAGE.write(Path.cwd())
    if case == list(CASES)[-1]:
        COVERAGE.require_full()
