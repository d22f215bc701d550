"""The array in cocotb: flow control, formats, edges, malformed tiles."""

import pytest

from hw.array import Array


@pytest.mark.parametrize(
    ("rows", "cols", "drain_rows", "k_blocks", "fraction_bits"),
    [
        (2, 2, 2, 4, 17),
        pytest.param(4, 4, 2, 6, 17, marks=pytest.mark.slow),
        pytest.param(4, 2, 4, 4, 9, marks=pytest.mark.slow),
        pytest.param(3, 5, 1, 8, 13, marks=pytest.mark.slow),
        pytest.param(3, 5, 3, 4, 21, marks=pytest.mark.slow),
    ],
)
def test_array(bench, rows, cols, drain_rows, k_blocks, fraction_bits):
    parameters = {
        "rows": rows,
        "cols": cols,
        "drain_rows": drain_rows,
        "k_blocks": k_blocks,
        "fraction_bits": fraction_bits,
    }
    bench(Array(**parameters), "mx_array", "verif.array.array_bench", parameters=parameters)
