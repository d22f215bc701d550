"""The row collector against the bytes that runs of tiles make."""

import pytest

from hw.gemm.results.row_collector import RowCollector


@pytest.mark.parametrize(
    ("rows", "words", "data_bits"),
    [
        (1, 4, 64),
        pytest.param(8, 4, 128, marks=pytest.mark.slow),
        pytest.param(3, 4, 512, marks=pytest.mark.slow),
        pytest.param(2, 8, 256, marks=pytest.mark.engine),
        pytest.param(1, 16, 512, marks=pytest.mark.engine),
        pytest.param(5, 16, 128, marks=pytest.mark.slow),
    ],
)
def test_row_collector(bench, rows, words, data_bits):
    parameters = {"rows": rows, "words": words, "data_bits": data_bits, "address_bits": 32}
    result = bench(
        RowCollector(**parameters),
        "row_collector",
        "verif.hw.gemm.results.row_collector_bench",
        parameters={**parameters, "runs": 60},
    )
    assert len(result.tests) == 9
