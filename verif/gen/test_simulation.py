"""The bench of every package passes in every version of the language, and sees faults."""

import re
import shutil

import pytest

from gen.designs import DESIGNS
from verif.gen.conftest import design_parameter
from verif.lint import icarus
from verif.needs import needs
from verif.package_bench import in_icarus, verdict

pytestmark = [
    pytest.mark.slow,
    needs("iverilog"),
]

GENERATIONS = ("2005", "2012")
"""Verilog, and SystemVerilog, where initializers are set before any process starts."""


def simulate(folder, package, generation):
    """``"PASS"`` or ``"FAIL"``: what the bench of a package in ``folder`` says in Icarus Verilog."""
    bench = f"{package.name}_tb"
    sources = [folder / name for name in (*package.verilog, f"{bench}.v")]
    return verdict(in_icarus(sources, bench, folder, generation), package.name)


def copied(exported, folder):
    shutil.copytree(exported, folder, dirs_exist_ok=True)
    return folder


@pytest.mark.parametrize("generation", GENERATIONS)
def test_bench_passes_in_icarus(generation, package, exported, tmp_path):
    folder = copied(exported, tmp_path)
    assert simulate(folder, package, generation) == "PASS"
    assert (folder / f"{package.name}_tb.vcd").stat().st_size > 1000


def test_bench_is_clean_verilog(package, exported):
    sources = [exported / name for name in (*package.verilog, f"{package.name}_tb.v")]
    assert icarus(sources, f"{package.name}_tb") is None


# In a dequantizer, every block sees some signal change.
@pytest.mark.parametrize(
    "package", [design_parameter(name) for name in DESIGNS if name != "mx_dequantizer"], indirect=True
)
def test_bench_fails_on_an_always_block_that_never_wakes(package, exported, tmp_path):
    """The text as Yosys writes it, whose registers SystemVerilog sets before the blocks wait for them."""
    folder = copied(exported, tmp_path)
    found = 0
    for name in package.verilog:
        text = (folder / name).read_text()
        text = re.sub(r"^  initial \\\$auto\S+ = 1'b0;\n", "", text, flags=re.MULTILINE)
        text, count = re.subn(r"^  reg (\\\$auto\S+ );$", r"  reg \1 = 0;", text, flags=re.MULTILINE)
        (folder / name).write_text(text)
        found += count
    assert found
    if package.name == "mixdit_gemm":  # it hangs: not for so long
        bench = folder / f"{package.name}_tb.v"
        bench.write_text(re.sub(r"repeat \(\d{5,}\)", "repeat (3000)", bench.read_text()))
    assert simulate(folder, package, "2005") == "PASS"
    assert simulate(folder, package, "2012") == "FAIL"


def test_bench_fails_on_a_result_that_golden_does_not_make(package, exported, tmp_path):
    folder = copied(exported, tmp_path)
    bench = folder / f"{package.name}_tb.v"
    text = bench.read_text()
    (memory,) = re.findall(r"(m_axis\w*_beats|expected)\[1\] = ", text)
    changed = re.sub(
        rf"({memory}\[1\] = \d+'h\w*)(\w);", lambda m: f"{m[1]}{int(m[2], 16) ^ 1:x};", text, count=1
    )
    assert changed != text
    bench.write_text(changed)
    assert simulate(folder, package, "2005") == "FAIL"
