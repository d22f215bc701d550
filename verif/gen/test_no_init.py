"""Exports without initial values: nothing starts with one, and a reset of one cycle is enough."""

import re

import pytest

from gen.designs import DESIGNS
from gen.files import write_files
from gen.package import make_package
from verif.call import call
from verif.gen.conftest import SMALL, design_parameter
from verif.gen.test_simulation import simulate
from verif.needs import needs
from verif.package_bench import build_in_verilator, verdict

needs_icarus = needs("iverilog")

SEEDS = (1, 2, 3)
"""Of the values that registers and memories have at first, where a simulator has no X."""


@pytest.fixture(scope="module", params=map(design_parameter, DESIGNS))
def bare(request):
    """The package of each design, with small parameters and without initial values."""
    design = DESIGNS[request.param]
    return make_package(design, design.top(SMALL.get(design.name, {})), design.name, initialized=False)


@pytest.fixture
def folder(bare, tmp_path):
    write_files(tmp_path, bare.files)
    return tmp_path


def test_nothing_has_an_initial_value(bare):
    assert bare.manifest["initial_values"] is False
    for name in bare.verilog:
        text = bare.files[name]
        assert re.search(r"^//   mixdit verilog --top \w+ --no-init", text, re.MULTILINE)
        assert not re.findall(r"^ *initial\b|^ *reg\b.*=|^ *always @\*|^ *always @\(\*\)", text, re.MULTILINE)
        assert "$procmux$" not in re.sub(r"\\\S+", "", text)


@needs_icarus
def test_bench_passes_from_unknown_values(bare, folder):
    """In Icarus Verilog every register is X until something is assigned to it."""
    assert simulate(folder, bare, "2012") == "PASS"


# The other designs, pipelines alone, empty themselves before the first beat.
@needs_icarus
@pytest.mark.parametrize("bare", [design_parameter(name) for name in SMALL], indirect=True)
def test_bench_fails_without_a_reset(bare, folder):
    bench = folder / f"{bare.name}_tb.v"
    text, count = re.subn(r"\.rst\(rst\)", ".rst(1'b0)", bench.read_text())
    assert count == 1
    bench.write_text(re.sub(r"repeat \(\d{4,}\)", "repeat (1000)", text))  # it hangs: not for so long
    assert simulate(folder, bare, "2012") == "FAIL"


@pytest.mark.sweep
def test_bench_passes_from_random_values(bare, folder):
    """In Verilator, which gives each register and each word of a memory a value of its own."""
    bench = f"{bare.name}_tb"
    sources = [folder / name for name in (*bare.verilog, f"{bench}.v")]
    random = ("--x-initial", "unique", "--x-assign", "unique")
    program = build_in_verilator(sources, bench, folder, "2012", *random)
    for seed in SEEDS:
        output = call([program, "+verilator+rand+reset+2", f"+verilator+seed+{seed}"], folder)
        assert verdict(output, bare.name) == "PASS", seed
