"""Packages for FPGA families: models of just the cells that they place, with which their benches pass."""

import os
import re

import pytest

from gen.cells.models import placed_cells
from gen.designs import DESIGNS
from gen.files import write_files
from gen.package import make_package
from hw.target.targets import TARGETS
from verif.gen.conftest import design_parameter
from verif.lint import icarus, verilator
from verif.needs import needs
from verif.tools.checks import Run, simulate_in_icarus
from verif.tools.designs import Exported

pytestmark = needs("iverilog")

PLACED = {
    "generic": "",
    "ecp5": "CCU2C DP16KD LUT4 PFUMX",
    "xilinx": "CARRY8 LUT6_2",
    "xilinx7": "CARRY4 LUT6_2",
    "generic_dsp": "",
    "xilinx_dsp": "CARRY8 DSP48E2 LUT6_2",
}
"""Cells that designs for each target place."""

TINY = {
    **{unit: {} for unit in ("mx_quantizer", "mx_dequantizer", "mx_converter")},
    "mx_array": {"rows": 1, "cols": 1, "drain_rows": 1, "k_blocks": 2},
    "mx_stream": {"rows": 1, "cols": 2, "drain_rows": 1, "k_blocks": 2},
    "mixdit_gemm": {"rows": 1, "cols": 1, "drain_rows": 1, "k_blocks": 2, "data_bits": 64},
}
"""Parameters of every design for targets."""


@pytest.fixture(scope="module", params=[name for name, cells in PLACED.items() if cells])
def target(request):
    return request.param


def tiny_parameter(name):
    """An array for each target takes longer than all of `make test-fast` should."""
    return pytest.param(name, marks=pytest.mark.slow) if name == "mx_array" else design_parameter(name)


@pytest.fixture(scope="module", params=map(tiny_parameter, TINY))
def targeted(request, target, tmp_path_factory):
    """A package for ``target`` of each design that has one, and its folder."""
    design = DESIGNS[request.param]
    parameters = TINY[design.name] | {"target": target}
    package = make_package(design, design.top(parameters), design.name)
    folder = tmp_path_factory.mktemp(f"{design.name}-{target}")
    write_files(folder, package.files)
    return package, folder


def test_all_targets_are_tested():
    assert PLACED.keys() == TARGETS.keys()
    assert TINY.keys() == {name for name, design in DESIGNS.items() if "target" in design.parameters}


def test_package_has_models_of_the_cells_that_it_places(targeted, target):
    package, _ = targeted
    placed = placed_cells(package.files[name] for name in package.verilog)
    assert {*placed} <= {*PLACED[target].split()}
    if package.name == "mx_array":
        assert placed == PLACED[target].split()
    models = "".join(package.files[name] for name in package.models)
    assert re.findall(r"^module (\w+)", models, re.MULTILINE) == placed
    assert not {*package.models} & {*package.files[f"{package.name}.f"].split()}


@pytest.mark.parametrize("generation", ["2005", "2012"])
def test_bench_passes_with_the_models_of_the_package(targeted, generation, tmp_path):
    package, folder = targeted
    designs = [Exported(folder, package.name)]
    run = Run(designs=designs, generation=generation, folder=tmp_path, environment=os.environ)
    assert simulate_in_icarus(run) is None


def test_models_are_clean_verilog(targeted):
    package, folder = targeted
    models = [folder / name for name in package.models]
    verilator([*(folder / name for name in package.verilog), *models], package.name)
    for cell in re.findall(r"^module (\w+)", "".join(path.read_text() for path in models), re.MULTILINE):
        assert icarus(models, cell) is None


def test_models_of_two_designs_go_into_one_simulation(tmp_path):
    designs = []
    for name in ("mx_converter", "other"):
        design = DESIGNS["mx_converter"]
        write_files(tmp_path / name, make_package(design, design.top({"target": "ecp5"}), name).files)
        designs.append(Exported(tmp_path / name, name))
    models = [(design.folder / f"{design.name}_cells.v").read_text() for design in designs]
    assert all("module DP16KD(" in text for text in models)
    run = Run(designs=designs, generation="2005", folder=tmp_path, environment=os.environ)
    assert simulate_in_icarus(run) is None
