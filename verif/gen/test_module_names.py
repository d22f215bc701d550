"""Names of modules: plain, of one top alone, and those that a top may have."""

import re

import pytest

from gen.designs import DESIGNS
from gen.files import write_files
from gen.module_names import check_name, rename_modules
from gen.package import make_package
from verif.gen.conftest import SMALL
from verif.lint import CHECKS

TEXT = r"""
module old(a, b);
  input a;
  wire first_one;
  \old.core  core (
    .a(a)
  );
  \old.core$7  \first.one  (
    .a(a)
  );
  mx_array_pe pe (
    .a(a)
  );
  mx_array_pe \output  (
    .a(a)
  );
  CCU2C #(
    .INIT0(16'h0)
  ) \adder_carry[3]  (
    .A(a)
  );
endmodule

module \old.core (a);
endmodule

module \old.core$7 (a);
endmodule
"""

SHARED = r"""
module mx_array_pe(a);
  \mx_array_pe.dot  \dot$2  (
    .a(a)
  );
endmodule

module \mx_array_pe.dot (a);
endmodule
"""


def test_modules_and_instances_get_plain_names():
    made = rename_modules({"old": TEXT, "mx_array_pe": SHARED}, "old", "new")
    assert [*made] == ["new", "new__pe"]
    modules = re.findall(r"^module (\S+?)\(", "".join(made.values()), re.MULTILINE)
    assert modules == ["new", "new__core", "new__core_7", "new__pe", "new__pe__dot"]
    for line in (
        "  new__core core (",
        "  new__core_7 first_one_2 (",  # first_one is a wire
        "  new__pe pe (",
        "  new__pe output_ (",  # a keyword
        "  CCU2C #(",
        "  ) adder_carry_3_ (",
    ):
        assert f"\n{line}\n" in made["new"]
    assert "\n  new__pe__dot dot_2 (\n" in made["new__pe"]
    assert "\\" not in "".join(made.values())


def test_no_two_modules_become_one():
    text = "".join(f"module {name}(a);\nendmodule\n" for name in ("old", r"\old.a.b ", r"\old.a__b "))
    made = rename_modules({"old": text}, "old", "new")
    assert re.findall(r"^module (\S+?)\(", made["new"], re.MULTILINE) == ["new", "new__a__b", "new__a__b_2"]


@pytest.mark.parametrize("name", ["a", "my_array", "Array2", "mx_array_16x8"])
def test_good_names(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "2x2",
        "a b",
        "a__b",
        "_a",
        "a_",
        "a.b",
        "a$",
        "größe",
        "Module",
        "begin",
        "signal",
        "a_tb",
        "a_component",
    ],
)
def test_bad_names(name):
    with pytest.raises(ValueError, match=rf"^name must .*{re.escape(repr(name))}"):
        check_name(name)


TOPS = {
    "mx_array": ("mx_array", SMALL["mx_array"]),
    "other_array": ("mx_array", {"rows": 2, "cols": 2, "drain_rows": 2, "k_blocks": 2, "fraction_bits": 9}),
    "mx_stream": ("mx_stream", SMALL["mx_stream"]),
    "mixdit_gemm": ("mixdit_gemm", {"rows": 2, "cols": 2, "drain_rows": 2, "k_blocks": 4}),
    "other_gemm": ("mixdit_gemm", {"rows": 1, "cols": 1, "drain_rows": 1, "k_blocks": 2, "data_bits": 64}),
}
"""Designs that one user puts side by side, two of them in two sizes."""


@pytest.fixture(scope="session")
def beside(tmp_path_factory):
    """Verilog of ``TOPS`` in one folder, with a module ``system`` that has one of each."""
    folder = tmp_path_factory.mktemp("system")
    lines, files = ["module system (input wire clk, input wire rst);"], {}
    for name, (design, parameters) in TOPS.items():
        package = make_package(DESIGNS[design], DESIGNS[design].top(parameters), name)
        sources = {file: package.files[file] for file in package.verilog}
        assert not files.keys() & sources.keys()
        files |= sources
        connections = [".clk(clk)", ".rst(rst)"]
        for port in package.manifest["ports"][2:]:
            value = f"{port['width']}'d0"
            if port["direction"] == "output":
                value = f"{name}_{port['name']}"
                lines.append(f"  wire [{port['width'] - 1}:0] {value};")
            connections.append(f".{port['name']}({value})")
        lines.append(f"  {name} u_{name} ({', '.join(connections)});")
    files["system.v"] = "\n".join([*lines, "endmodule", ""])
    write_files(folder, files)
    return [folder / file for file in files]


@pytest.mark.sweep
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_designs_fit_beside_each_other(check, beside):
    skipped = check(beside, "system")
    if skipped:
        pytest.skip(skipped)
