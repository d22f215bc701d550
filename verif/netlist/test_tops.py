"""Netlists of the largest tops against golden: the array with a quantizer, the engine."""

import pytest

from hw.array.array_quantizer import ArrayQuantizer
from hw.gemm.engine import Engine
from verif.hw.gemm.cocotbext import DEPRECATED
from verif.hw.gemm.test_engine import SMALL
from verif.netlist.netlist import netlist_of
from verif.netlist.test_netlists import NETLISTS, TARGETS

STREAM = {"rows": 2, "cols": 4, "drain_rows": 2, "k_blocks": 4}


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
        netlist_of(Engine(**SMALL, target=target), "mixdit_gemm", **NETLISTS[way]),
        "mixdit_gemm",
        "verif.hw.gemm.engine_bench",
        parameters={"engine": SMALL},
        ignored_deprecations=DEPRECATED,
    )
