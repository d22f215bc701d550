"""cocotb test: the multiplier's cells equal their twin, and every mutation of them shows."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from verif.netlist.multiplier_forms import MUTATIONS

CYCLES = 2000

FILLED = 10
"""Cycles in which what cells begin with leaves them."""


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def forms_against_the_twin(dut):
    Clock(dut.clk, 10, unit="ns").start()
    differed = 0
    for cycle in range(CYCLES):
        await RisingEdge(dut.clk)
        if cycle >= FILLED:
            differed |= int(dut.differs.value)
        for port in (dut.a0, dut.a1, dut.b0, dut.b1, dut.c0, dut.c1, dut.double):
            # All ones and all zeros are as likely as what lies between.
            width = len(port)
            port.value = random.choice([random.getrandbits(width), 0, (1 << width) - 1, 1 << (width - 1)])
    seen = {name for n, name in enumerate(MUTATIONS) if differed >> n & 1}
    assert seen == MUTATIONS.keys() - {"none"}
