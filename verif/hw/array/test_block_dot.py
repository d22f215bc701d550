"""The block dot product in each of its forms."""

from functools import partial

import pytest
from amaranth.hdl import Cat, Const

from hw.array import packed_dot
from hw.array.block_dot import BlockDot
from hw.array.packed_dot import PackedDot
from verif.hw.array.edge_dot import EdgeDot
from verif.runner import BenchError

CORES = {
    "additions": BlockDot,
    "additions-1-stage": partial(BlockDot, product_stages=1),
    "multipliers": PackedDot,
}


@pytest.mark.parametrize(
    "core", ["additions", *(pytest.param(core, marks=pytest.mark.slow) for core in list(CORES)[1:])]
)
def test_dot(bench, core):
    core = CORES[core]()
    bench(EdgeDot(core), "mx_dot", "verif.hw.array.dot_bench", parameters={"latency": core.latency})


def test_forms_have_one_latency():
    """The element's timing does not depend on its target."""
    assert PackedDot.latency == BlockDot().latency


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_GROUP", 5),
        ("_minus_high_field", lambda a, b: Const(0, 2)),
        ("_minus_high_field", lambda a, b: Cat((a.high[0] & b.high[0]), Const(0, 1))),
    ],
    ids=["cut late", "high field stays", "high field modulo 2"],
)
def test_changed_packed_dot_fails(bench, monkeypatch, name, value):
    monkeypatch.setattr(packed_dot, name, value)
    core = PackedDot()
    with pytest.raises(BenchError, match=r"block \d+: -?\d+, not -?\d+"):
        bench(EdgeDot(core), "mx_dot", "verif.hw.array.dot_bench", parameters={"latency": core.latency})


def test_packed_dot_refuses_targets_without_multipliers():
    with pytest.raises(ValueError, match="target must have a multiplier, as generic_dsp, xilinx_dsp do"):
        PackedDot(target="ecp5")
