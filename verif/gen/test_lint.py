"""Tools other than the one that wrote the Verilog accept it, and object to Verilog with faults."""

import shutil

import pytest

from verif.call import ToolError
from verif.lint import CHECKS, icarus, slang, verilator, yosys

pytestmark = pytest.mark.slow

TOP = "module top(input wire clk, input wire [3:0] a, output {}); {} endmodule\n"

FAULTS = {
    "latch": (verilator, TOP.format("reg q", "always @* if (a[0]) q = a[1];"), "LATCH"),
    "syntax": (verilator, TOP.format("wire q", "assign q = ;"), "syntax error"),
    "SystemVerilog": (verilator, TOP.format("reg q", "always_ff @(posedge clk) q <= a[0];"), "Error"),
    "undriven": (yosys, TOP.format("wire q", "wire w; assign q = w & a[0];"), "used but has no driver"),
    "drivers": (yosys, TOP.format("wire q", "assign q = a[0]; assign q = a[1];"), "multiple conflicting"),
    "loop": (yosys, TOP.format("wire q", "wire w; assign w = ~q; assign q = w & a[0];"), "logic loop"),
    "missing": (yosys, TOP.format("wire q", "elsewhere e(.a(a), .q(q));"), "elsewhere"),
    "newer language": (icarus, TOP.format("reg q", "always_ff @(posedge clk) q <= a[0];"), "syntax error"),
    "order": (slang, TOP.format("wire q", "assign q = w; wire w = a[0];"), "before its declaration"),
    "bits unused": (slang, TOP.format("wire q", "wire w; assign q = w;"), "undriven|never assigned"),
    "warning": (icarus, TOP.format("wire q", "assign q = b; assign b = a[0];"), "implicit definition"),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_export_is_clean(check, package, exported):
    skipped = check([exported / name for name in package.verilog], package.design.name)
    if skipped:
        pytest.skip(skipped)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_template_fits_the_design(check, package, exported):
    name = f"{package.design.name}_template"
    sources = [exported / f"{name}.v", *(exported / source for source in package.verilog)]
    if skipped := check(sources, name):
        pytest.skip(skipped)


def test_bench_is_clean_systemverilog(package, exported):
    sources = [exported / name for name in (*package.verilog, f"{package.name}_tb.v")]
    assert slang(sources, f"{package.name}_tb") is None


@pytest.mark.parametrize(("check", "verilog", "message"), FAULTS.values(), ids=FAULTS)
def test_fault_is_found(check, verilog, message, tmp_path):
    source = tmp_path / "top.v"
    source.write_text(verilog)
    if check is icarus and shutil.which("iverilog") is None:
        pytest.skip("iverilog is not on PATH")
    with pytest.raises(ToolError, match=message):
        check([source], "top")
