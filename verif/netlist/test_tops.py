"""Netlists of the largest tops against golden: the array with a quantizer, the engine."""

import pytest

from hw.array.array_quantizer import ArrayQuantizer
from hw.gemm.engine import Engine
from verif.hw.gemm.cocotbext import DEPRECATED
from verif.netlist.netlist import netlist_of
from verif.netlist.test_netlists import FPGAS, MADE_FOR, NETLISTS

STREAM = {"rows": 2, "cols": 4, "drain_rows": 2, "k_blocks": 4}
ENGINE = {
    "rows": 2, "cols": 4, "drain_rows": 2, "k_blocks": 4, "data_bits": 64, "address_bits": 32,
    "function_lanes": 0,
}  # fmt: skip

TARGETS = [(target, way) for way in FPGAS for target in MADE_FOR[NETLISTS[way]["family"]] or ("generic",)]
"""Every target made for a family, with each way through synthesis for that family."""


@pytest.mark.sweep
@pytest.mark.parametrize(("target", "way"), TARGETS)
def test_array_with_quantizer(bench, target, way):
    core = ArrayQuantizer(**STREAM, target=target)
    bench(
        netlist_of(core, "mx_stream", **NETLISTS[way]),
        "mx_stream",
        "verif.hw.array.array_quantizer_bench",
        parameters={**STREAM, "latency": core.latency},
    )


@pytest.mark.sweep
@pytest.mark.parametrize(("target", "way"), TARGETS)
def test_engine(bench, target, way):
    bench(
        netlist_of(Engine(**ENGINE, target=target), "mixdit_gemm", **NETLISTS[way]),
        "mixdit_gemm",
        "verif.hw.gemm.engine_bench",
        parameters={"engine": ENGINE},
        ignored_deprecations=DEPRECATED,
    )
