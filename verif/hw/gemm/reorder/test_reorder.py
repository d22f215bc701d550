"""The reorder unit."""

import pytest

from hw.gemm.reorder.reorder import Reorder


@pytest.mark.slow
@pytest.mark.parametrize("columns", [16, 200])
def test_reorder(bench, columns):
    result = bench(
        Reorder(columns=columns),
        "reorder",
        "verif.hw.gemm.reorder.reorder_bench",
        parameters={"columns": columns},
    )
    assert len(result.tests) == (7 if columns >= 64 else 4)


@pytest.mark.parametrize("columns", [15, 65537])
def test_columns_out_of_range(columns):
    with pytest.raises(ValueError, match=f"columns must be 16 to 65536, not {columns}"):
        Reorder(columns=columns)
    with pytest.raises(TypeError, match="columns must be an integer"):
        Reorder(columns=16.0)
