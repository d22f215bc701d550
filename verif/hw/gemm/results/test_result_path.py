"""The result path against golden."""

import pytest

from hw.gemm.results.result_path import ResultPath

CASES = {
    "8x8": {"rows": 8, "cols": 8, "drain_rows": 4, "slots": 2, "words": 4, "lanes": 2, "data_bits": 128,
            "function_lanes": 4, "epilogue_lanes": 1},
    "3x16": {"rows": 3, "cols": 16, "drain_rows": 3, "slots": 1, "words": 16, "lanes": 16,
             "data_bits": 512, "function_lanes": 8, "epilogue_lanes": 16},
    "4x4": {"rows": 4, "cols": 4, "drain_rows": 1, "slots": 3, "words": 4, "lanes": 4, "data_bits": 64,
            "function_lanes": 1, "epilogue_lanes": 4},
    "20x8": {"rows": 20, "cols": 8, "drain_rows": 4, "slots": 2, "words": 16, "lanes": 4, "data_bits": 256,
             "function_lanes": 4, "epilogue_lanes": 2},
    "6x2": {"rows": 6, "cols": 2, "drain_rows": 3, "slots": 2, "words": 8, "lanes": 1, "data_bits": 256,
            "function_lanes": 0},
}  # fmt: skip


LARGE = ("8x8", "3x16", "20x8")
"""Those whose simulation takes longest."""


@pytest.mark.parametrize(
    "case",
    [pytest.param(name, marks=pytest.mark.engine if name in LARGE else pytest.mark.slow) for name in CASES],
)
def test_result_path(bench, case):
    parameters = {**CASES[case], "address_bits": 32}
    bench(
        ResultPath(**parameters),
        "result_path",
        "verif.hw.gemm.results.result_path_bench",
        parameters={"path": parameters, "jobs": 20},
    )
