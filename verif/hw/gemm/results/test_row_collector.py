"""The row collector against the bytes that runs of tiles make."""

import pytest

from hw.gemm.results.row_collector import RowCollector


@pytest.mark.parametrize("rows", [1, pytest.param(8, marks=pytest.mark.slow)])
def test_row_collector(bench, rows):
    parameters = {"rows": rows, "address_bits": 32}
    result = bench(
        RowCollector(**parameters),
        "row_collector",
        "verif.hw.gemm.results.row_collector_bench",
        parameters={**parameters, "runs": 60},
    )
    assert len(result.tests) == 4
