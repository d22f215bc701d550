"""The array with a quantizer behind it against golden."""

import pytest

from hw.array.array_quantizer import ArrayQuantizer

SIZES = {
    "4x16": {"rows": 4, "cols": 16, "drain_rows": 2, "k_blocks": 8},
    "4x8": {"rows": 4, "cols": 8, "drain_rows": 4, "k_blocks": 8},
}


@pytest.mark.parametrize(
    "size", [pytest.param("4x16", marks=pytest.mark.engine), pytest.param("4x8", marks=pytest.mark.slow)]
)
def test_array_quantizer(bench, size):
    core = ArrayQuantizer(**SIZES[size])
    result = bench(
        core,
        "mx_stream",
        "verif.hw.array.array_quantizer_bench",
        parameters={**SIZES[size], "latency": core.latency},
    )
    assert len(result.tests) == (6 if core.cols == 16 else 5)


def test_columns_must_make_blocks():
    with pytest.raises(ValueError, match="cols must divide 16, so that tiles make blocks, not be 3"):
        ArrayQuantizer(cols=3)
