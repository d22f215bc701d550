"""Reorder jobs against golden."""

import pytest

from hw.gemm.reorder.reorder_path import ReorderPath


@pytest.mark.slow
@pytest.mark.parametrize(("words", "data_bits", "divides"), [(4, 64, True), (16, 512, False), (8, 256, True)])
def test_reorder_path(bench, words, data_bits, divides):
    parameters = {"columns": 100, "rows_bits": 20, "words": words, "data_bits": data_bits, "address_bits": 32}
    parameters["divides"] = divides
    result = bench(
        ReorderPath(**parameters), "reorder_path", "verif.hw.gemm.reorder.reorder_path_bench",
        parameters={**parameters, "jobs": 60},
    )  # fmt: skip
    assert len(result.tests) == 3
