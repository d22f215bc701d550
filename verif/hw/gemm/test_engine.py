"""The whole engine in cocotb: products, faults, resets, against golden byte by byte."""

import pytest

from hw.gemm.engine import Engine
from verif.hw.gemm.cocotbext import DEPRECATED

SMALL = {
    "rows": 2, "cols": 4, "drain_rows": 2, "k_blocks": 4, "data_bits": 64, "address_bits": 32,
    "function_lanes": 0,
}  # fmt: skip
ENGINES = {
    "64 bits": SMALL,
    # With fewer only one tile of D is between two chunks, and it does not matter which slot it has.
    "four tiles": SMALL | {"stationary_tiles": 4},
    "512 bits": SMALL
    | {
        "rows": 4,
        "cols": 16,
        "drain_rows": 1,
        "k_blocks": 6,
        "data_bits": 512,
        "arrays": 2,
        "stationary_tiles": 3,
        "address_bits": 64,
    },
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if parameters is SMALL else pytest.mark.engine)
        for name, parameters in ENGINES.items()
    ],
)
def test_engine(bench, name):
    result = bench(
        Engine(**ENGINES[name]),
        "mixdit_gemm",
        "verif.hw.gemm.engine_bench",
        parameters={"engine": ENGINES[name]},
        ignored_deprecations=DEPRECATED,
    )
    assert len(result.tests) == 13


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        ("k_blocks", 5, "k_blocks must be even"),
        ("cols", 3, "cols must be one of"),
        ("data_bits", 96, "data_bits must be one of"),
        ("address_bits", 12, "address_bits must be 16 to 64"),
        ("arrays", 0, "arrays must be 1 to 16"),
        ("adder_lanes", 3, r"adder_lanes must be 0 or one of \(1, 2, 4, 8, 16\), not 3"),
        ("result_words", 2, r"result_words must be 0 or one of \(4, 8, 16\), not 2"),
        ("target", "asic", "target must be one of"),
    ],
)
def test_bad_parameter(parameter, value, message):
    with pytest.raises(ValueError, match=message):
        Engine(**{parameter: value})
