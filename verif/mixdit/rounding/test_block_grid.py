"""Grids of blocks: what they hold is its own quantization, and none of the usual rounding's is closer."""

import numpy as np
import pytest
import torch

from golden import MX4, MX6, MX9, MXINT8, dequantize, quantize
from mixdit.rounding.block_grid import fit_blocks
from mixdit.tensors.quantize import fake_quantize

FORMATS = (MX4, MX6, MX9, MXINT8)


def weights(fmt, rows=300, seed=0):
    """Rows of one block: normal ones, with an outlier, of mixed exponents, just below a power of two."""
    rng = np.random.default_rng(seed)
    shape = (rows, fmt.block_size)
    normal = rng.standard_normal(shape)
    kinds = [
        normal,
        normal * np.where(rng.random(shape) < 0.1, 20, 1),
        normal * 2.0 ** rng.integers(-9, 9, shape),
        2 - np.abs(normal) * 0.03,
        normal * 2.0**-100,
        np.where(rng.random(shape) < 0.9, 0, normal),
    ]
    return torch.tensor(np.concatenate(kinds).astype(np.float32)).double()


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
@pytest.mark.parametrize("columns", [1, 7, 16])
def test_values_are_their_own_quantization(fmt, columns):
    w = weights(fmt)[:, :columns]
    w = torch.cat([w, w * 2.0**-24])  # some of them subnormal
    rounded = fit_blocks(w, torch.ones(columns), fmt).nearest(w).float()
    assert np.array_equal(dequantize(quantize(rounded.numpy(), fmt)), rounded.numpy())


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_no_worse_than_the_usual_rounding(fmt):
    """In every row, by any importance; and better in some."""
    w = weights(fmt)
    importance = torch.rand(w.shape[1], generator=torch.Generator().manual_seed(0)).double() + 0.1
    mine = (fit_blocks(w, importance, fmt).nearest(w) - w).square() @ importance
    usual = (fake_quantize(w.float(), fmt).double() - w).square() @ importance
    assert (mine <= usual * (1 + 1e-12)).all()
    assert (mine < usual * 0.99).double().mean() > 0.01


def test_best_of_all_exponents():
    """Of every shared exponent and microexponent of a block of four weights."""
    for w in weights(MX4, rows=8)[:, :4]:
        best = min(
            sum(
                min(
                    sum(
                        float((min(abs(q * s - x) for q in range(-3, 4))) ** 2)
                        for x in pair
                        for s in [2.0 ** (shared - t - 1)]
                    )
                    for t in (0, 1)
                )
                for pair in zip(w.tolist()[::2], w.tolist()[1::2], strict=True)
            )
            for shared in range(*_exponents(w))
        )
        grid = fit_blocks(w[None], torch.ones(4), MX4)
        assert float((grid.nearest(w[None]) - w).square().sum()) <= best * (1 + 1e-9)


def _exponents(w):
    top = int(np.floor(np.log2(float(w.abs().max()) or 2.0**-100)))
    return top - 1, top + 2


def test_zeros():
    grid = fit_blocks(torch.zeros(2, 16, dtype=torch.float64), torch.ones(16), MX6)
    assert not grid.nearest(torch.zeros(2, 16, dtype=torch.float64)).any()
