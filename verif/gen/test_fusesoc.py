"""Core files in FuseSoC itself: ``lint`` and ``sim`` of every design run in ``python -m verif.tools``."""

import json

import pytest

from gen.designs import DESIGNS
from gen.files import write_files
from gen.flows.fusesoc import CELL_WAIVERS, VERILATOR_WAIVERS
from gen.package import make_package
from verif.needs import needs
from verif.tools.checks import Run, fusesoc
from verif.tools.designs import Exported


@pytest.fixture
def run(environment, tmp_path):
    """``run(name, parameters)``: a design exported to a folder, and an empty one to work in."""

    def export(name, parameters):
        design = DESIGNS[name]
        write_files(tmp_path / name, make_package(design, design.top(parameters), name).files)
        (tmp_path / "work").mkdir()
        designs = [Exported(tmp_path / name, name)]
        return Run(designs=designs, generation="2005", folder=tmp_path / "work", environment=environment)

    return export


@pytest.mark.parametrize(
    ("target", "waivers"), [("generic", {*VERILATOR_WAIVERS}), ("ecp5", {*VERILATOR_WAIVERS, *CELL_WAIVERS})]
)
def test_lint_waives_only_what_it_must(target, waivers, run):
    lint = run("mx_converter", {"target": target})
    fusesoc(lint, "lint")
    (file,) = lint.folder.rglob("*.vc")
    options = file.read_text().split()
    assert "-Wall" in options
    assert {word.removeprefix("-Wno-") for word in options if word.startswith("-Wno-")} == waivers
    assert ("mx_converter_cells.v" in file.read_text()) == (target == "ecp5")


@pytest.mark.sweep
def test_sim_runs_the_bench_in_verilator(run):
    simulation = run("mx_converter", {"target": "ecp5"})
    simulation.check_passed(fusesoc(simulation, "sim", "--tool", "verilator"))
    assert list(simulation.folder.rglob("mx_converter_tb.vcd"))


TCL = needs("tclsh")


_LEAST = {"rows": 1, "cols": 1, "drain_rows": 1, "k_blocks": 2}

LEAST = {"mx_array": _LEAST, "mx_stream": _LEAST, "mixdit_gemm": {**_LEAST, "data_bits": 64}}
"""Parameters with which synthesis takes least, by design."""


@TCL
@pytest.mark.sweep
@pytest.mark.parametrize("name", DESIGNS)
def test_synth_makes_a_netlist(name, run):
    synthesis = run(name, LEAST.get(name, {}))
    fusesoc(synthesis, "synth")
    assert {"LUT4", "TRELLIS_FF"} <= cells(synthesis)


@TCL
@pytest.mark.sweep
def test_synth_is_for_the_family_of_the_cells(run):
    synthesis = run("mx_array", {**_LEAST, "target": "xilinx"})
    fusesoc(synthesis, "synth")
    assert {"LUT6", "FDRE", "CARRY8"} <= cells(synthesis)


@TCL
@pytest.mark.sweep
def test_place_makes_a_configuration(run):
    placement = run("mx_converter", {"target": "ecp5"})
    fusesoc(placement, "place")
    (file,) = placement.folder.rglob("*.config")
    assert ".device LFE5U-85F" in file.read_text()


def cells(synthesis):
    """Types of the cells in the netlist of a run."""
    name = synthesis.designs[0].name
    (file,) = synthesis.folder.rglob("*.json")
    return {cell["type"] for cell in json.loads(file.read_text())["modules"][name]["cells"].values()}
