"""The step that leaves constant carry inputs open in netlists of Lattice Nexus."""

import json
import random
import subprocess
from itertools import product

import pytest

from gen.synth.carry_inputs import open_constant_carry_inputs
from gen.synth.errors import SynthesisError
from gen.synth.families import FAMILIES
from gen.synth.synthesis import synthesize
from gen.synth.tools import YOSYS
from verif.needs import needs
from verif.netlist.models import cell_models

ADD = "0x96AA"
"""Table of a half cell that adds A and B, as Yosys writes it."""

FIRST = {"INIT0": "0xFFFF", "INIT1": "0x00AA", "INJECT": "NO"}
"""Tables of the cell that begins a chain: its second half makes the carry of A1."""


def module(parameters, pins, read=()):
    """One carry cell; ``read`` are its outputs that something reads. Constants are those of VLO and VHI."""
    inputs = {"CIN": "low", **{f"{pin}{half}": "high" for half in "01" for pin in "ABCD"}, **pins}
    outputs = {"S0": 10, "S1": 11, "COUT": 12}
    nets = {"low": 2, "high": 3}
    return {
        "ports": {
            "i": {"direction": "input", "bits": [4, 5]},
            "o": {"direction": "output", "bits": [outputs[pin] for pin in read]},
        },
        "cells": {
            **{
                kind: {"type": kind, "port_directions": {"Z": "output"}, "connections": {"Z": [net]}}
                for kind, net in (("VLO", 2), ("VHI", 3))
            },
            "chain.first": {
                "type": "CCU2",
                "parameters": parameters,
                "port_directions": dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output"),
                "connections": {pin: [nets.get(net, net)] for pin, net in (inputs | outputs).items()},
            },
        },
    }


def carry_input(design):
    return design["cells"]["chain.first"]["connections"]["CIN"]


@pytest.mark.parametrize("constant", ["low", "high", "0", "1"])
def test_constant_that_nothing_follows_is_left_open(constant):
    design = module(FIRST, {"CIN": constant, "A1": 4}, read=["COUT"])
    assert open_constant_carry_inputs(design) == 1
    assert carry_input(design) == []


@pytest.mark.parametrize(
    ("parameters", "pins", "read"),
    [
        (FIRST, {"A1": 4}, ["S0", "COUT"]),
        (FIRST, {"A1": 4, "D1": 5}, ["S1"]),
        (FIRST | {"INIT1": ADD}, {"A1": 4, "B1": 5, "C1": "low"}, ["COUT"]),
    ],
    ids=["sum", "other sum", "carry"],
)
def test_constant_that_matters_is_an_error(parameters, pins, read):
    design = module(parameters, pins, read)
    with pytest.raises(SynthesisError, match=r"the carry input of chain.first is a constant, which nextpnr"):
        open_constant_carry_inputs(design)


def test_signal_stays():
    design = module(FIRST, {"CIN": 5, "A1": 4}, read=["COUT"])
    assert open_constant_carry_inputs(design) == 0
    assert carry_input(design) == [5]


def test_what_is_opened_never_reaches_what_is_read():
    """For many tables and every way to tie the inputs of a half, by the cell's equations."""
    opened = 0
    for tables, ties in product(product(("0xFFFF", "0x00AA", ADD), repeat=2), product("01x", repeat=4)):
        pins = {f"{pin}1": 4 if tie == "x" else tie for pin, tie in zip("ABCD", ties, strict=True)}
        parameters = {"INIT0": tables[0], "INIT1": tables[1], "INJECT": "NO"}
        try:
            opened += open_constant_carry_inputs(module(parameters, pins, read=["COUT"]))
        except SynthesisError:
            continue
        free = [(0, 1) if tie == "x" else (int(tie),) for tie in ties]
        for a, b, c, d in product(*free):
            carries = set()
            for carry in (0, 1):
                first = int(tables[0], 16) >> 15 & 1  # all inputs of the first half are 1
                carry = carry if first else int(tables[0], 16) >> 7 & 1
                second = int(tables[1], 16) >> (a + 2 * b + 4 * c + 8 * d) & 1
                carries.add(carry if second else int(tables[1], 16) >> (a + 2 * b + 4 * c) & 1)
            assert len(carries) == 1, (tables, ties)
    assert opened > 100


VERILOG = """
module top(input clk, input [8:0] a, input [8:0] b, output reg [9:0] sum, output reg [9:0] difference);
  always @(posedge clk) begin
    sum <= a + b;
    difference <= a - b;
  end
endmodule
"""


@pytest.mark.slow
@needs("iverilog")
def test_netlists_without_and_with_open_inputs_compute_the_same(tmp_path):
    """In Icarus Verilog an open input is unknown, and so is all that depends on it."""
    made = synthesize(VERILOG, "top", family=FAMILIES["nexus"], dsp=False, store=tmp_path)
    netlist = json.loads(made.path.read_text())
    before = simulate(netlist, tmp_path)
    assert open_constant_carry_inputs(netlist["modules"]["top"]) == 2
    assert simulate(netlist, tmp_path) == before == [f"{(a + b) % 1024} {(a - b) % 1024}" for a, b in BEATS]


rng = random.Random(0)
BEATS = [(rng.getrandbits(9), rng.getrandbits(9)) for _ in range(50)]


def simulate(netlist, folder):
    """What the design answers to each of ``BEATS``."""
    cells = {cell["type"] for cell in netlist["modules"]["top"]["cells"].values()}
    (folder / "netlist.json").write_text(json.dumps({"modules": {"top": netlist["modules"]["top"]}}))
    YOSYS.run(["-q", "-p", "read_json netlist.json; write_verilog -noattr netlist.v"], folder)
    steps = "".join(
        f'a = {a}; b = {b}; #1 clk = 1; #1 clk = 0; $display("%0d %0d", sum, difference);\n' for a, b in BEATS
    )
    bench = f"""
        module bench;
          reg clk = 0; reg [8:0] a, b; wire [9:0] sum, difference;
          top dut(.clk(clk), .a(a), .b(b), .sum(sum), .difference(difference));
          initial begin {steps} end
        endmodule
    """
    (folder / "all.v").write_text(
        "\n".join([bench, (folder / "netlist.v").read_text(), cell_models("nexus", cells)])
    )
    subprocess.run(["iverilog", "-g2012", "-s", "bench", "-o", "all.vvp", "all.v"], cwd=folder, check=True)
    run = subprocess.run(["vvp", "-n", "all.vvp"], cwd=folder, check=True, capture_output=True, text=True)
    return run.stdout.splitlines()
