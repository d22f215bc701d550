"""Reorder jobs against golden."""

import pytest

from hw.gemm.reorder.reorder_path import ReorderPath


@pytest.mark.slow
@pytest.mark.parametrize(("words", "data_bits"), [(4, 64), (16, 512)])
def test_reorder_path(bench, words, data_bits):
    parameters = {"columns": 100, "rows_bits": 20, "words": words, "data_bits": data_bits, "address_bits": 32}
    result = bench(
        ReorderPath(**parameters), "reorder_path", "verif.hw.gemm.reorder.reorder_path_bench",
        parameters={**parameters, "jobs": 40},
    )  # fmt: skip
    assert len(result.tests) == 3
