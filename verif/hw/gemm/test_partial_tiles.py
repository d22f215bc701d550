"""An engine that holds tiles enough for chunks of several tiles of D to be interleaved."""

import pytest

from hw.gemm.engine import Engine
from verif.hw.gemm.cocotbext import DEPRECATED

ENGINE = {
    "rows": 2, "cols": 4, "drain_rows": 2, "k_blocks": 4, "data_bits": 64, "address_bits": 32,
    "stationary_tiles": 4, "function_lanes": 0,
}  # fmt: skip


@pytest.mark.engine
def test_partial_tiles(bench):
    """Fewer tiles leave one between two chunks, so that it does not matter which slot it has."""
    result = bench(
        Engine(**ENGINE),
        "mixdit_gemm",
        "verif.hw.gemm.engine_bench",
        parameters={"engine": ENGINE},
        ignored_deprecations=DEPRECATED,
    )
    assert len(result.tests) == 13
