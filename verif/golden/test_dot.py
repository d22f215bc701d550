"""Exact block dot products."""

from fractions import Fraction

import numpy as np
import pytest

from golden import FORMATS, MX4, MX6, MX9, MXINT8, block_dot, concat, reference
from verif.golden.samples import random_tensor

ALL = list(FORMATS.values())


@pytest.mark.parametrize("left", ALL, ids=str)
@pytest.mark.parametrize("right", ALL, ids=str)
def test_dots_are_exact(left, right):
    rng = np.random.default_rng(0)
    a, b = random_tensor(rng, 20, 32, left, (0, 254)), random_tensor(rng, 20, 32, right, (0, 254))
    dots = block_dot(a, b)
    assert dots.d.shape == dots.exponent.shape == (20, 2)
    for row in range(20):
        x, y = (
            [v for blk in reference.blocks_of(t, row) for v in reference.decode_block(blk)] for t in (a, b)
        )
        for k in range(2):
            exact = sum(p * q for p, q in zip(x[16 * k : 16 * k + 16], y[16 * k : 16 * k + 16], strict=True))
            assert int(dots.d[row, k]) * Fraction(2) ** int(dots.exponent[row, k]) == exact


def test_the_largest_dot_takes_21_bits():
    t = random_tensor(np.random.default_rng(0), 1, 16, MX9)
    t.microexponents[:] = 0
    t.elements[:] = -128
    assert block_dot(t, t).d.item() == 1 << 20
    t.elements[:] = 127
    assert block_dot(t, t).d.item() == 16 * 254**2


def test_nan_blocks_have_no_dot():
    a = random_tensor(np.random.default_rng(0), 2, 48, MX6)
    b = random_tensor(np.random.default_rng(1), 2, 48, MX4)
    a.exponents[0, 1] = 255
    b.exponents[1, 2] = 255
    dots = block_dot(a, b)
    assert dots.nan.tolist() == [[False, True, False], [False, False, True]]
    assert not dots.d[dots.nan].any()
    assert not dots.exponent[dots.nan].any()


def test_broadcasting_gives_all_pairs():
    rng = np.random.default_rng(0)
    a = concat([random_tensor(rng, 5, 16, MX9), random_tensor(rng, 5, 16, MX6)])
    b = random_tensor(rng, 3, 32, MXINT8)
    wide = concat([p[:, None] for p in a.parts])
    dots = block_dot(wide, b)
    assert dots.d.shape == (5, 3, 2)
    assert np.array_equal(dots.d[4, 2], block_dot(a[4], b[2]).d)


def test_wrong_operands_are_named():
    rng = np.random.default_rng(0)
    a, b = random_tensor(rng, 2, 32, MX6), random_tensor(rng, 2, 48, MX6)
    with pytest.raises(ValueError, match="a and b must have the same K, not 32 and 48"):
        block_dot(a, b)
    with pytest.raises(TypeError, match="b must be MXTensor or MixedTensor, not ndarray"):
        block_dot(a, np.zeros((2, 32)))
