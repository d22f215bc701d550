"""Reorder jobs against golden."""

import pytest

from hw.gemm.reorder.reorder_path import ReorderPath

SMALL = [(4, 64, 4), (16, 512, 0)]
LARGE = [(8, 128, 1), (8, 256, 8), (16, 512, 16)]


@pytest.mark.parametrize(
    ("words", "data_bits", "function_lanes"),
    [
        *(pytest.param(*case, marks=pytest.mark.slow) for case in SMALL),
        *(pytest.param(*case, marks=pytest.mark.engine) for case in LARGE),
    ],
)
def test_reorder_path(bench, words, data_bits, function_lanes):
    parameters = {"columns": 100, "rows_bits": 20, "words": words, "data_bits": data_bits, "address_bits": 32}
    parameters["function_lanes"] = function_lanes
    result = bench(
        ReorderPath(**parameters), "reorder_path", "verif.hw.gemm.reorder.reorder_path_bench",
        parameters={**parameters, "jobs": 60},
    )  # fmt: skip
    assert len(result.tests) == 3
