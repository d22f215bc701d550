"""Synthesis of a part of a design: without some of its modules, or one of them alone."""

import json

import pytest

from gen.synth.errors import SynthesisError
from gen.synth.families import FAMILIES
from gen.synth.synthesis import synthesize

VERILOG = """
module leaf(input clk, input [3:0] a, output reg [3:0] q);
  always @(posedge clk) q <= a + 1;
endmodule
module middle(input clk, input [3:0] x, output [3:0] y);
  wire [3:0] t;
  reg [3:0] r;
  leaf first(.clk(clk), .a(x), .q(t));
  leaf second(.clk(clk), .a(r), .q(y));
  always @(posedge clk) r <= t ^ x;
endmodule
module top(input clk, input [3:0] i, output [3:0] o);
  middle m(.clk(clk), .x(i), .y(o));
endmodule
"""


def netlist(store, *without):
    return synthesize(VERILOG, "top", family=FAMILIES["ecp5"], dsp=False, store=store, without=without)


def test_what_remains_has_the_ports_of_the_instances(tmp_path):
    found = netlist(tmp_path, "leaf")
    top = json.loads(found.path.read_text())["modules"]["top"]
    directions = {name: port["direction"] for name, port in top["ports"].items() if name.startswith("m.")}
    assert found.area.ff == 4  # r
    inputs = {name for name, direction in directions.items() if direction == "input"}
    assert inputs == {"m.first.q", "m.second.q"}
    assert {"m.first.a", "m.second.a"} <= {name for name in directions if directions[name] == "output"}


def test_nothing_is_left_out_unasked(tmp_path):
    assert netlist(tmp_path).area.ff == 12


def test_several_modules_may_be_left_out(tmp_path):
    assert netlist(tmp_path, "leaf", "middle").area.ff == 0


def test_one_module_alone(tmp_path):
    found = synthesize(
        VERILOG, "middle", family=FAMILIES["ecp5"], dsp=False, store=tmp_path, without=["leaf"]
    )
    assert found.area.ff == 4
    assert set(json.loads(found.path.read_text())["modules"]["middle"]["ports"]) >= {"x", "y", "first.a"}


def test_names_with_dots(tmp_path):
    verilog = VERILOG.replace("leaf", "\\leaf.of ")
    found = synthesize(
        verilog, "top", family=FAMILIES["ecp5"], dsp=False, store=tmp_path, without=["leaf.of"]
    )
    assert found.area.ff == 4


@pytest.mark.parametrize("name", ["lea", "leaf2", "LEAF"])
def test_a_module_that_is_not_there_is_named(tmp_path, name):
    with pytest.raises(SynthesisError, match=f"the design has no module '{name}'"):
        netlist(tmp_path, name)
    assert not list(tmp_path.iterdir())
