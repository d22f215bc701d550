"""The float adder against golden."""

import pytest

from hw.gemm.results.float_adder import FloatAdder


@pytest.mark.parametrize("lanes", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_float_adder(bench, lanes):
    result = bench(
        FloatAdder(lanes=lanes),
        "float_adder",
        "verif.hw.gemm.results.float_adder_bench",
        parameters={"lanes": lanes, "pairs": 1500},
    )
    assert len(result.tests) == 3
