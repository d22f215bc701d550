"""The array in cocotb: flow control, formats, edges, malformed tiles."""

import pytest

from hw.array.array import Array

SIZES = ("rows", "cols", "drain_rows", "k_blocks", "fraction_bits", "product_stages")


@pytest.mark.parametrize(
    "sizes",
    [
        (2, 2, 2, 4, 17, 2),
        pytest.param((4, 4, 2, 6, 17, 1), marks=pytest.mark.engine),
        pytest.param((4, 2, 4, 4, 9, 2), marks=pytest.mark.engine),
        pytest.param((3, 5, 1, 8, 13, 2), marks=pytest.mark.slow),
        pytest.param((3, 5, 3, 4, 21, 1), marks=pytest.mark.slow),
    ],
    ids=lambda sizes: "-".join(map(str, sizes)),
)
def test_array(bench, sizes):
    parameters = dict(zip(SIZES, sizes, strict=True))
    bench(Array(**parameters), "mx_array", "verif.hw.array.array_bench", parameters=parameters)
