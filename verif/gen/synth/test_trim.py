"""The step that takes needless carry connections out of ECP5 netlists."""

from copy import deepcopy
from itertools import product

import pytest

from gen.synth.trim import Trimmed, trim_carry_chains

GENERATE = 0x000A
"""Table of a half cell that generates A, where C or D is 1."""

ADD = 0x96AA
"""Table of a half cell that adds A and B, where C = D = 0, as Yosys writes it."""


def cell(init, pins, cout=7, s0=5):
    """A carry cell; nets are numbers, constants are strings."""
    inputs = {"CIN": "0", **{f"{pin}{half}": "0" for half in "01" for pin in "ABCD"}, **pins}
    outputs = {"S0": s0, "S1": 6, "COUT": cout}
    return {
        "type": "CCU2C",
        "parameters": {"INIT0": f"{init:016b}", "INIT1": f"{ADD:016b}", "INJECT1_0": "NO", "INJECT1_1": "NO"},
        "port_directions": dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output"),
        "connections": {pin: [bit] for pin, bit in (inputs | outputs).items()},
    }


def netlist(*cells, outputs=(6,)):
    ports = {
        "i": {"direction": "input", "bits": [2, 3]},
        "o": {"direction": "output", "bits": list(outputs)},
    }
    return {"modules": {"top": {"ports": ports, "cells": {f"c{i}": c for i, c in enumerate(cells)}}}}


def pins_of(design, name="c0"):
    return design["modules"]["top"]["cells"][name]["connections"]


HEAD = {"A0": 2, "C0": "1", "A1": 3}


def test_generated_carry_needs_no_input():
    design = netlist(cell(GENERATE, HEAD))
    assert trim_carry_chains(design) == Trimmed(inputs=1, outputs=1)
    assert pins_of(design)["CIN"] == pins_of(design)["COUT"] == ["x"]


@pytest.mark.parametrize(
    ("design", "why"),
    [
        (netlist(cell(ADD, HEAD | {"C0": "0"})), "the first half propagates"),
        (netlist(cell(GENERATE, HEAD | {"C0": 3})), "it may propagate"),
        (netlist(cell(GENERATE, HEAD), outputs=(5, 6)), "its sum is read"),
        (netlist(cell(GENERATE, HEAD | {"CIN": 2})), "the input is a signal"),
    ],
)
def test_carry_input_that_matters_stays(design, why):
    before = deepcopy(pins_of(design)["CIN"])
    assert trim_carry_chains(design).inputs == 0
    assert pins_of(design)["CIN"] == before


@pytest.mark.parametrize("reader", ["cell", "port"])
def test_carry_output_that_is_read_stays(reader):
    second = cell(ADD, {"CIN": 7 if reader == "cell" else "0"}, cout=8, s0=9)
    design = netlist(cell(GENERATE, HEAD), second, outputs=(6, 7) if reader == "port" else (6,))
    assert trim_carry_chains(design).outputs == 1
    assert pins_of(design)["COUT"] == [7]
    assert pins_of(design, "c1")["COUT"] == ["x"]


def test_what_is_trimmed_never_reaches_what_is_read():
    """For every table and every way to tie pins, by the cell's equations."""
    for init, ties in product((GENERATE, ADD, 0x0000, 0x5AF0, 0xFFFF, 0x00F0), product("01x", repeat=4)):
        pins = {f"{pin}0": 2 if tie == "x" else tie for pin, tie in zip("ABCD", ties, strict=True)}
        if not trim_carry_chains(netlist(cell(init, pins))).inputs:
            continue
        for values in product((0, 1), repeat=4):
            if any(tie not in ("x", str(value)) for tie, value in zip(ties, values, strict=True)):
                continue
            index = sum(value << place for place, value in enumerate(values))
            propagate, generate = init >> index & 1, init >> (index & 3) & 1
            carries = {carry if propagate else generate for carry in (0, 1)}
            assert len(carries) == 1
