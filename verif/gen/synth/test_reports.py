"""Reading what the tools report."""

import pytest

from gen.synth.cell_tables import CELLS
from gen.synth.errors import SynthesisError
from gen.synth.families import FAMILIES
from gen.synth.names import register_name
from gen.synth.placement import Placement, read_report
from gen.synth.result import Result, Timing
from gen.synth.subjects import MODES, Built


def step(kind, delay, start, end):
    return {"type": kind, "delay": delay, "from": {"cell": start}, "to": {"cell": end}}


def report(fmax=250.0, clocks=1):
    path = [
        step("clk-to-q", 0.5, "u.a_TRELLIS_FF_Q_3", "u.a_TRELLIS_FF_Q_3"),
        step("routing", 1.5, "u.a_TRELLIS_FF_Q_3", "u.b_TRELLIS_FF_Q_DI_LUT4_Z"),
        step("logic", 0.25, "u.b_TRELLIS_FF_Q_DI_LUT4_Z", "u.b_TRELLIS_FF_Q_DI_LUT4_Z"),
        step("routing", 0.5, "u.b_TRELLIS_FF_Q_DI_LUT4_Z", "u.b_TRELLIS_FF_Q"),
        step("setup", 0.125, "u.b_TRELLIS_FF_Q", "u.b_TRELLIS_FF_Q"),
    ]
    return {
        "fmax": {f"clk{i}": {"achieved": fmax, "constraint": 300} for i in range(clocks)},
        "critical_paths": [
            {"from": "<async>", "to": "posedge clk", "path": []},
            {"from": "posedge clk", "to": "posedge clk", "path": path},
        ],
        "utilization": {
            "TRELLIS_COMB": {"used": 100, "available": 83640},
            "TRELLIS_FF": {"used": 50, "available": 83640},
        },
    }


def test_worst_path_runs_between_registers_of_the_design():
    placement = read_report(report())
    assert (placement.comb, placement.ff, placement.fmax_mhz) == (100, 50, 250.0)
    assert str(placement.worst_path) == "u.a -> u.b: 1 cells, 0.88 ns logic + 2.00 ns routing"


def test_design_without_registers_has_no_fmax():
    placement = read_report({**report(), "fmax": {}, "critical_paths": []})
    assert (placement.fmax_mhz, placement.worst_path) == (None, None)


def test_two_clocks_are_refused():
    with pytest.raises(SynthesisError, match="one clock, not 2"):
        read_report(report(clocks=2))


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("accumulator.low_TRELLIS_FF_Q_12", "accumulator.low"),
        ("core.room_TRELLIS_FF_Q_DI_LUT4_Z_D_CCU2C_COUT", "core.room"),
        ("buffer.memory.0.0_DP16KD_DOA0", "buffer.memory.0.0"),
        ("plain", "plain"),
    ],
)
def test_register_name(cell, name):
    assert register_name(cell, CELLS["ecp5"]) == name


def test_ecp5_counts_carry_and_memory_cells_as_luts():
    cells = {"LUT4": 10, "CCU2C": 3, "TRELLIS_DPR16X4": 2, "TRELLIS_FF": 7, "PFUMX": 4, "DP16KD": 1}
    area = FAMILIES["ecp5"].area({**cells, "$scopeinfo": 2})
    assert (area.lut, area.carry, area.ff, area.mux, area.ram, area.dsp) == (10 + 6 + 8, 3, 7, 4, 1, 0)
    assert area.cells == cells


def test_xilinx_counts_memories_and_shift_registers_as_luts():
    cells = {"LUT2": 5, "LUT6": 6, "INV": 1, "SRL16E": 3, "RAM32M16": 1, "CARRY4": 2, "FDRE": 9, "DSP48E2": 8}
    area = FAMILIES["xilinx"].area(cells)
    assert (area.lut, area.carry, area.ff, area.dsp) == (5 + 6 + 1 + 3 + 8, 2, 9, 8)


def test_nexus_counts_two_tables_in_a_carry_cell_and_in_a_wide_multiplexer():
    cells = {"LUT4": 10, "INV": 2, "WIDEFN9": 3, "CCU2": 5, "DPR16X4": 1, "FD1P3IX": 7, "FD1P3JX": 1}
    area = FAMILIES["nexus"].area({**cells, "PDPSC16K": 2, "VLO": 1, "VHI": 1})
    assert (area.lut, area.carry, area.mux, area.ff, area.ram) == (10 + 2 + 6 + 10 + 4, 5, 0, 8, 2)


@pytest.mark.parametrize("family", ["gowin", "gowin5"])
def test_gowin_counts_a_carry_cell_as_a_table(family):
    cells = {
        "LUT1": 1,
        "LUT4": 2,
        "ALU": 4,
        "RAM16SDP4": 1,
        "MUX2_LUT5": 3,
        "DFFSE": 5,
        "SDPX9B": 1,
        "GND": 1,
    }
    area = FAMILIES[family].area(cells)
    assert (area.lut, area.carry, area.mux, area.ff, area.ram) == (3 + 4 + 4, 4, 3, 5, 1)


def test_unknown_cell_is_an_error():
    with pytest.raises(SynthesisError, match="no rule for counting cells of type ODD"):
        FAMILIES["gowin"].area({"ODD": 1, "LUT4": 1})


@pytest.mark.parametrize(
    ("family", "cell"), [("xilinx7", "CARRY8"), ("xilinx7", "DSP48E2"), ("xilinx", "CCU2C")]
)
def test_cell_of_another_family_is_an_error(family, cell):
    with pytest.raises(SynthesisError, match=f"no rule for counting cells of type {cell}"):
        FAMILIES[family].area({cell: 1, "LUT6": 1})


def result(**changes):
    placements = {
        seed: Placement(comb=200, ff=50, comb_available=1000, fmax_mhz=fmax, worst_path=None)
        for seed, fmax in enumerate((250.0, 240.0, 260.0), 1)
    }
    built = Built(
        name="pe",
        top="mx_pe",
        parameters={"target": "generic"},
        verilog="",
        macs_per_cycle={mode: 16 / passes for mode, passes in MODES.items()},
        elements_per_cycle=None,
    )
    area = FAMILIES["ecp5"].area({"LUT4": 100, "TRELLIS_FF": 50})
    timing = Timing(seeds=placements)
    fields = {"built": built, "family": FAMILIES["ecp5"], "dsp": False, "area": area, "plain": timing}
    return Result(**fields | changes)


def test_figures_follow_from_the_median():
    figures = result().to_json()
    assert figures["fmax_mhz"] == 250.0
    assert figures["lut_per_mac"] == 6.25
    assert figures["mac_per_s_per_lut"] == {"mx6xmx6": 4e7, "mx9xmx6": 2e7, "mx9xmx9": 1e7}
    assert figures["fmax_mhz_trimmed"] is None


def test_json_has_the_documented_keys():
    keys = {"design", "family", "target", "parameters", "lut", "carry", "ff", "dsp", "ram", "fmax_mhz"}
    keys |= {"comb", "macs_per_cycle", "lut_per_mac", "mac_per_s_per_lut"}
    keys |= {
        "comb_trimmed",
        "fmax_mhz_trimmed",
        "mac_per_s_per_lut_trimmed",
        "worst_path",
        "parts",
        "tools",
        "levels",
        "fan_out",
    }
    assert keys <= result().to_json().keys()
