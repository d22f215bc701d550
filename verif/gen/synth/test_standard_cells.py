"""Standard cells: the library, buffers, memories, timing."""

import copy
import dataclasses
from pathlib import Path

import pytest

from gen.synth.buffers import MOST_LOADS, buffer_nets
from gen.synth.errors import SynthesisError
from gen.synth.families import FAMILIES
from gen.synth.flow import Request, run_flow
from gen.synth.liberty import OSU018, Library
from gen.synth.static_timing import read_paths
from gen.synth.synthesis import synthesize
from perf.ppa.standard import BASELINES
from verif.needs import NEEDS_OSU018, needs

FAMILY = FAMILIES["osu018"]

LIBERTY = """
library (small) {
  cell (NAND2X1) {
    area : 24;
  }
  cell ("DFF") {
    area : 96.5;
    ff (IQ, IQN) { }
  }
}
"""


def library(tmp_path: Path, text: str = LIBERTY) -> Library:
    path = tmp_path / "cells.lib"
    path.write_text(text)
    return dataclasses.replace(OSU018, path=path)


def test_library_tells_areas_and_flip_flops(tmp_path):
    small = library(tmp_path)
    assert small.areas == {"NAND2X1": 24.0, "DFF": 96.5}
    assert small.flip_flops == {"DFF"}


def test_area_is_told_in_gates_too(tmp_path):
    family = dataclasses.replace(FAMILY, library=library(tmp_path))
    area = family.area({"DFF": 2, "NAND2X1": 3})
    assert (area.um2, area.lut, area.ff) == (265.0, 11, 2)


@pytest.mark.parametrize("cell", ["LATCH", "$_DFF_P_"])
def test_cell_without_area_is_an_error(cell, tmp_path):
    family = dataclasses.replace(FAMILY, library=library(tmp_path))
    with pytest.raises(SynthesisError, match="osu018: no area of cells of type"):
        family.area({"NAND2X1": 1, cell: 1})


@pytest.mark.parametrize(
    ("text", "message"), [("library (x) { }", "has no cells"), ("cell (A) { }", "cell A has no area")]
)
def test_file_that_is_no_library(tmp_path, text, message):
    with pytest.raises(SynthesisError, match=message):
        _ = library(tmp_path, text).areas


def test_missing_library_is_one_line_that_gets_it(tmp_path, monkeypatch):
    family = dataclasses.replace(FAMILY, library=dataclasses.replace(OSU018, path=tmp_path / "none.lib"))
    request = Request(subject=BASELINES["floor"], family=family, parameters={"target": "generic"}, seeds=0)
    with pytest.raises(SynthesisError, match=r"none.lib: `apt-get install .* qflow-tech-osu018` gets it"):
        run_flow([request], store=tmp_path, jobs=1)


@pytest.mark.parametrize(
    ("options", "named"),
    [({"dsp": True}, "--dsp"), ({"by_module": True}, "--parts"), ({"without": ["top"]}, "--without")],
)
def test_what_only_fpga_families_have_is_refused(tmp_path, options, named):
    options = {"dsp": False} | options
    with pytest.raises(SynthesisError, match=f"{named} is for FPGA families, not for osu018"):
        synthesize("module top(input clk); endmodule", "top", family=FAMILY, store=tmp_path, **options)


def wide_net(loads):
    """Net 2, the clock, and net 3, both on ``loads`` flip-flops, which drive nets from 10 on."""
    flip_flop = {"type": "DFF", "port_directions": {"CLK": "input", "D": "input", "Q": "output"}}
    return {
        "ports": {"clk": {"direction": "input", "bits": [2]}, "d": {"direction": "input", "bits": [3]}},
        "cells": {
            f"ff{i}": flip_flop | {"connections": {"CLK": [2], "D": [3], "Q": [10 + i]}} for i in range(loads)
        },
    }


@pytest.mark.parametrize(("loads", "buffers"), [(1, 0), (16, 0), (17, 2), (256, 16), (257, 19)])
def test_no_net_but_the_clock_keeps_many_loads(loads, buffers):
    before = wide_net(loads)
    module = copy.deepcopy(before)
    assert buffer_nets(module, buffer="BUF", pins=("A", "Y")) == buffers
    source, on = {}, {}
    for cell in module["cells"].values():
        for pin, (bit,) in cell["connections"].items():
            if cell["type"] == "BUF" and pin == "Y":
                source[bit] = cell["connections"]["A"][0]
            elif cell["port_directions"][pin] == "input":
                on[bit] = on.get(bit, 0) + 1
    assert on.pop(2) == loads
    assert max(on.values()) <= MOST_LOADS
    assert len(source) == buffers
    for name, cell in before["cells"].items():
        changed = module["cells"][name]["connections"]
        net = changed["D"][0]
        while net in source:
            net = source[net]
        assert net == cell["connections"]["D"][0]
        assert changed["Q"] == cell["connections"]["Q"]


REPORT = """
    Delay      Time   Description
   0.0000    0.0000   clock network delay (ideal)
   0.0000    0.0000 ^ u.a_DFFPOSX1_Q_3/CLK (DFFPOSX1)
   0.4951    0.4951 v u.a_DFFPOSX1_Q_3/Q (DFFPOSX1)
   0.1751    0.6702 v u.b_NAND2X1_Y/Y (NAND2X1)
   0.0000    0.6702 ^ u.b_DFFPOSX1_Q/D (DFFPOSX1)
             9.8298   data required time
                                 5.0000   slack (MET)
"""


def test_fmax_is_what_the_slack_leaves():
    placement = read_paths(REPORT)
    assert placement.fmax_mhz == 200.0
    assert str(placement.worst_path) == "u.a -> u.b: 1 cells, 5.00 ns logic + 0.00 ns routing"


def test_design_without_registers_has_no_fmax():
    assert read_paths("No paths found.\n").fmax_mhz is None


def test_error_of_opensta_is_told():
    with pytest.raises(SynthesisError, match="opensta: Error: cannot read file"):
        read_paths("OpenSTA\nError: cannot read file netlist.v.\n")


MEMORIES = """
module top(input clk, we, input [7:0] address, input [3:0] data, output reg [3:0] wide, output reg [3:0] low);
  reg [3:0] many [255:0];
  reg [3:0] few [7:0];
  always @(posedge clk) begin
    if (we) many[address] <= data;
    if (we) few[address[2:0]] <= data;
    wide <= many[address];
    low <= few[address[2:0]];
  end
endmodule
"""


@NEEDS_OSU018
@pytest.mark.slow
def test_large_memories_are_left_out_and_told(tmp_path):
    netlist = synthesize(MEMORIES, "top", family=FAMILY, dsp=False, store=tmp_path)
    assert netlist.memories is not None
    assert (netlist.memories.in_flip_flops, netlist.memories.left_out) == (8 * 4, 256 * 4)
    assert 32 <= netlist.area.ff < 32 + 4 + 8 + 4  # the words, what is read, and an address kept


@NEEDS_OSU018
@needs("sta")
@pytest.mark.slow
def test_design_is_timed_before_layout(tmp_path):
    request = Request(subject=BASELINES["floor"], family=FAMILY, parameters={"target": "generic"})
    (result,) = run_flow([request], store=tmp_path, jobs=1)
    assert not result.failures
    figures = result.to_json()
    assert figures["um2"] == sum(FAMILY.library.areas[c] * n for c, n in figures["cells"].items())
    assert figures["um2_per_mac"] == figures["um2"] / 16
    assert 200 < figures["fmax_mhz"] < 1000
    assert figures["worst_path"]["levels"] > 3
    assert figures["tools"][1].startswith("opensta 2.")
    untimed = dataclasses.replace(request, seeds=0)
    (area,) = run_flow([untimed], store=tmp_path, jobs=1)
    assert (area.to_json()["um2"], area.to_json()["fmax_mhz"]) == (figures["um2"], None)
    assert not area.failures
