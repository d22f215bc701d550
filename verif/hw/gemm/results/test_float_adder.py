"""The float adder against golden."""

import pytest

from hw.gemm.results.float_adder import FloatAdder


@pytest.mark.parametrize(
    ("lanes", "multiplies"),
    [(1, 0), *(pytest.param(*case, marks=pytest.mark.slow) for case in ((4, 0), (2, 1)))],
)
def test_float_adder(bench, lanes, multiplies):
    result = bench(
        FloatAdder(lanes=lanes, multiplies=bool(multiplies)),
        "float_adder",
        "verif.hw.gemm.results.float_adder_bench",
        parameters={"lanes": lanes, "multiplies": multiplies, "pairs": 1500},
    )
    assert len(result.tests) == 3
