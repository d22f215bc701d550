"""The array in cocotb: flow control, formats, edges, malformed tiles."""

import pytest

from hw.array.array import Array


@pytest.mark.parametrize(
    ("rows", "cols", "drain_rows", "k_blocks", "fraction_bits", "product_stages"),
    [
        (2, 2, 2, 4, 17, 2),
        pytest.param(4, 4, 2, 6, 17, 1, marks=pytest.mark.slow),
        pytest.param(4, 2, 4, 4, 9, 2, marks=pytest.mark.slow),
        pytest.param(3, 5, 1, 8, 13, 2, marks=pytest.mark.slow),
        pytest.param(3, 5, 3, 4, 21, 1, marks=pytest.mark.slow),
    ],
)
def test_array(bench, rows, cols, drain_rows, k_blocks, fraction_bits, product_stages):
    parameters = {
        "rows": rows,
        "cols": cols,
        "drain_rows": drain_rows,
        "k_blocks": k_blocks,
        "fraction_bits": fraction_bits,
        "product_stages": product_stages,
    }
    bench(Array(**parameters), "mx_array", "verif.hw.array.array_bench", parameters=parameters)
