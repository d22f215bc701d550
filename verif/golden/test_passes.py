"""The split into passes."""

from fractions import Fraction

import numpy as np
import pytest

from golden import FORMATS, MX4, MX6, MX9, MXINT8, concat, reference, reference_exponents, split_passes
from verif.golden.samples import random_tensor

ALL = list(FORMATS.values())


def signed(p):
    return np.where(p.negative, -1, 1) * p.magnitudes


@pytest.mark.parametrize("lowest", [False, True])
@pytest.mark.parametrize("fmt", ALL, ids=str)
def test_passes_match_the_scalar_reference(fmt, lowest):
    t = random_tensor(np.random.default_rng(3), 4, 96, fmt, (0, 254), lowest=lowest)
    p = split_passes(t)
    q = signed(p)
    assert p.magnitudes.max() <= 15
    for row in range(4):
        groups = [g for block in reference.blocks_of(t, row) for g in reference.passes_of(block)]
        for k, group in enumerate(groups):
            where = np.flatnonzero(p.blocks == k)
            assert len(where) <= 2
            for i, expected in zip(where, group, strict=False):
                assert tuple(q[row, i]) == expected.elements
                assert p.exponents[row, i] == expected.exponent
                micro = [int(p.microexponents[row, i]) >> j & 1 for j in range(8)]
                assert tuple(np.repeat(micro, 2)) == expected.microexponents
            assert not any(any(x.elements) for x in group[len(where) :])


@pytest.mark.parametrize("fmt", ALL, ids=str)
def test_passes_sum_to_the_values(fmt):
    t = random_tensor(np.random.default_rng(4), 3, 64, fmt, (0, 254))
    p = split_passes(t)
    q = signed(p)
    for row in range(3):
        sums = [Fraction(0)] * 64
        for i, k in enumerate(p.blocks):
            for j in range(16):
                t_j = int(p.microexponents[row, i]) >> (j // 2) & 1
                sums[16 * k + j] += int(q[row, i, j]) * Fraction(2) ** (int(p.exponents[row, i]) - 130 - t_j)
        assert sums == [x for block in reference.blocks_of(t, row) for x in reference.decode_block(block)]


def test_a_lowest_code_costs_one_more_pass_of_its_k_block():
    t = random_tensor(np.random.default_rng(0), 3, 64, MX6, lowest=False)
    assert split_passes(t).blocks.tolist() == [0, 1, 2, 3]
    t.elements[1, 2, 5] = -16
    p = split_passes(t)
    assert p.blocks.tolist() == [0, 1, 2, 2, 3]
    assert p.magnitudes[1, 2, 5] == 15
    assert np.flatnonzero(p.magnitudes[:, 3]).tolist() == [16 + 5]
    assert p.magnitudes[1, 3, 5] == 1
    assert p.negative[1, 3, 5]
    assert np.array_equal(p.exponents[:, 2], p.exponents[:, 3])


def test_formats_in_the_order_of_k():
    rng = np.random.default_rng(0)
    parts = [
        random_tensor(rng, 2, k, f, lowest=False) for k, f in ((32, MX9), (16, MX4), (32, MXINT8), (20, MX6))
    ]
    p = split_passes(concat(parts))
    assert p.blocks.tolist() == [0, 0, 1, 1, 2, 3, 3, 4, 4, 5, 6]
    assert p.magnitudes.shape == p.negative.shape == (2, 11, 16)
    assert p.exponents.dtype == np.int16
    assert (p.exponents[:, 0] - p.exponents[:, 1] == 4).all()


def test_references_count_zero_blocks():
    t = random_tensor(np.random.default_rng(0), 2, 32, MX9)
    t.exponents[:] = 0
    t.elements[:] = 0
    assert reference_exponents(t).tolist() == [1, 1]
    six = random_tensor(np.random.default_rng(0), 2, 32, MX6)
    six.exponents[:] = [[0, 0], [0, 3]]
    assert reference_exponents(six).tolist() == [0, 3]
    assert reference_exponents(concat([t, six])).tolist() == [1, 3]
    assert reference_exponents(t[0]) == 1


def test_nan_blocks_are_marked():
    t = random_tensor(np.random.default_rng(0), 2, 32, MX9)
    t.exponents[1, 0] = 255
    assert split_passes(t).nan.tolist() == [[False] * 4, [True, True, False, False]]


def test_leading_axes_are_free():
    t = random_tensor(np.random.default_rng(0), 2, 32, MX6)
    p = split_passes(t[0])
    assert p.magnitudes.shape == (p.blocks.size, 16)
