"""Exchanges of channels between MX9 and MX6 k-blocks."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from golden import MX9
from mixdit.calibration.candidates import outliers_first
from mixdit.calibration.exchange import exchange
from mixdit.calibration.planning import make_plan
from mixdit.calibration.settings import Settings
from mixdit.tensors.quantize import fake_quantize, mixed_formats
from verif.mixdit.planted import sqnr


@pytest.mark.parametrize("channels", [96, 88, 40])
def test_exchanges_lower_the_error(channels):
    """Loud channels, one to each block, gather in the high one."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(300, channels, generator=generator)
    x[:, 3::16] *= 40
    weight = torch.rand(channels, generator=generator)
    formats = mixed_formats(channels, 1)
    before = torch.arange(channels)

    def error(order: Tensor) -> float:
        values = x[:, order]
        return ((fake_quantize(values, formats) - values).square().sum(0) * weight[order]).sum().item()

    after = exchange(before, formats, x, weight, 400, generator)
    assert after.sort().values.equal(before)
    assert error(after) < 0.2 * error(before)
    assert set(range(3, channels, 16)) <= set(after[:16].tolist())
    assert exchange(before, formats, x, weight, 0, generator).equal(before)


def test_exchanges_keep_the_shares(model, statistics):
    given = Settings(linear_share=0.15, choice="sensitivity", weight=MX9)
    plain = make_plan(statistics, given)
    searched = make_plan(statistics, replace(given, exchanges=300))
    assert (searched.mx9_linear, searched.mx9_attention) == (plain.mx9_linear, plain.mx9_attention)
    for path, layer in plain.linears.items():
        assert searched.linears[path].high_blocks == layer.high_blocks
    assert sqnr(model, searched) > sqnr(model, plain)


def test_outliers_first_keeps_the_rest():
    order = torch.tensor([3, 39, *(i for i in range(40) if i not in (3, 39))])
    assert outliers_first(order, torch.tensor([0])).tolist()[:4] == [3, 39, 0, 1]
    assert outliers_first(order, torch.tensor([0])).tolist()[16:] == sorted(order.tolist()[16:])
    assert outliers_first(order, torch.tensor([], dtype=torch.int64)).tolist() == list(range(40))
