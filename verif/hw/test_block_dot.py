"""The block dot product in each of its forms."""

from functools import partial

import pytest

from hw.block_dot import BlockDot
from hw.packed_dot import PackedDot
from verif.hw.edge_dot import EdgeDot

CORES = {
    "additions": BlockDot,
    "additions-1-stage": partial(BlockDot, product_stages=1),
    "multipliers": PackedDot,
}


@pytest.mark.parametrize("core", CORES)
def test_dot(bench, core):
    core = CORES[core]()
    bench(EdgeDot(core), "mx_dot", "verif.hw.dot_bench", parameters={"latency": core.latency})


def test_forms_have_one_latency():
    """The element's timing does not depend on its target."""
    assert PackedDot.latency == BlockDot().latency


def test_packed_dot_refuses_targets_without_multipliers():
    with pytest.raises(ValueError, match="target must have a multiplier, as generic_dsp, xilinx_dsp do"):
        PackedDot(target="ecp5")
