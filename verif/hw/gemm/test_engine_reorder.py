"""An engine with a reorder unit, and the driver on it, against golden."""

import pytest

from hw.gemm.engine import Engine
from verif.hw.gemm.cocotbext import DEPRECATED


@pytest.mark.engine
def test_engine_with_reorder_unit(bench):
    engine = {
        "rows": 4, "cols": 8, "drain_rows": 4, "k_blocks": 4, "data_bits": 128, "address_bits": 20,
        "reorder_columns": 80, "function_lanes": 2,
    }  # fmt: skip
    result = bench(
        Engine(**engine), "mixdit_gemm", "verif.hw.gemm.engine_reorder_bench",
        parameters={"engine": engine, "rounds": 4}, ignored_deprecations=DEPRECATED,
    )  # fmt: skip
    assert len(result.tests) == 4
