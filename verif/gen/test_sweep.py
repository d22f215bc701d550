"""Legal parameters give legal Verilog: sizes at and near the ends of their ranges."""

import pytest

from gen.designs import DESIGNS
from gen.files import write_files
from gen.package import make_package
from verif.lint import icarus, verilator

SIZES = {
    "one element": ("mx_array", {"rows": 1, "cols": 1, "drain_rows": 1, "k_blocks": 1, "fraction_bits": 1}),
    "odd array": ("mx_array", {"rows": 3, "cols": 5, "drain_rows": 3, "k_blocks": 3, "product_stages": 1}),
    "one column": ("mx_stream", {"rows": 3, "cols": 1, "drain_rows": 3, "k_blocks": 2}),
    "16 columns": ("mx_stream", {"rows": 1, "cols": 16, "drain_rows": 1, "k_blocks": 5}),
    "least engine": (
        "mixdit_gemm",
        {
            "rows": 1,
            "cols": 1,
            "drain_rows": 1,
            "k_blocks": 2,
            "fraction_bits": 1,
            "stationary_tiles": 1,
            "data_bits": 64,
            "address_bits": 16,
        },
    ),
    "64-bit addresses": (
        "mixdit_gemm",
        {"rows": 3, "cols": 2, "drain_rows": 1, "k_blocks": 2, "data_bits": 64, "address_bits": 64},
    ),
    "2x2": ("mixdit_gemm", {"rows": 2, "cols": 2, "drain_rows": 2}),
    "2x2, two arrays, 256 bits": (
        "mixdit_gemm",
        {"rows": 2, "cols": 2, "drain_rows": 1, "k_blocks": 4, "arrays": 2, "data_bits": 256},
    ),
    "1x1, 512 bits, with reordering": (
        "mixdit_gemm",
        {"rows": 1, "cols": 1, "drain_rows": 1, "data_bits": 512, "queue_depth": 64, "reorder_columns": 16},
    ),
}
"""Designs with parameters, by what is special about them."""


@pytest.mark.sweep
@pytest.mark.parametrize(("name", "parameters"), SIZES.values(), ids=SIZES)
def test_legal_parameters_give_legal_verilog(name, parameters, tmp_path):
    design = DESIGNS[name]
    package = make_package(design, design.top(parameters), name)
    write_files(tmp_path, package.files)
    sources = [tmp_path / file for file in package.verilog]
    assert not any("[-1:0]" in path.read_text() for path in sources)
    for check in (icarus, verilator):
        check(sources, name)
