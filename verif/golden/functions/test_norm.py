"""Norms: statistics of rows against the reference, results against float64."""

from fractions import Fraction

import numpy as np
import pytest

from golden import add_binary32
from golden.functions import multiply17, normalize, reference
from golden.functions.norm import LONGEST_ROW, modulate, row_statistics, scaled_epsilon, standardize
from verif.golden.functions.patterns import PATTERNS, from_bits, rows
from verif.golden.samples import bits

EPS = 1e-6


@pytest.mark.parametrize("mean", [True, False], ids=["layer norm", "RMS norm"])
@pytest.mark.parametrize("width", [1, 2, 3, 16, 63, 1152])
def test_statistics(width, mean):
    rng = np.random.default_rng(width)
    for eps in (EPS, 0.0, 1e30):
        for row in rows(rng, width):
            epsilon = Fraction(float(np.float32(eps * width**2)))
            factors = row_statistics(row, epsilon=scaled_epsilon(eps, width), mean=mean)
            got = [int(bits(value)[0]) for value in factors]
            assert got == [*reference.row_statistics(bits(row).tolist(), epsilon=epsilon, mean=mean)]


def test_statistics_of_patterns():
    finite = [p for p in PATTERNS if p & 0x7FFFFFFF < 0x7F800000]
    rng = np.random.default_rng(9)
    for _ in range(60):
        row = rng.choice(finite, 5).tolist()
        got = [int(bits(value)[0]) for value in row_statistics(from_bits(row), epsilon=0.0)]
        assert got == [*reference.row_statistics(row, epsilon=Fraction(0))]


def test_a_subnormal_epsilon_counts_as_zero():
    row = np.array([[3.0, -1.0]], np.float32) * np.float32(2.0**-100)
    least = 2.0**-126 / 4  # times the width squared: the least normal number
    none, below, normal = (
        row_statistics(row, epsilon=scaled_epsilon(eps, 2))[0] for eps in (0.0, least * 0.999, least)
    )
    assert (none == below).all()
    assert (none != normal).all()


def test_longest_row_does_not_overflow():
    row = np.full(LONGEST_ROW, -1.9999999, np.float32)
    row[::2] *= -1
    factor, offset = row_statistics(row, epsilon=0.0)
    assert abs(float(factor[0]) - 0.5) < 1e-5
    assert abs(float(offset[0])) < 1e-4


@pytest.mark.parametrize("mean", [True, False], ids=["layer norm", "RMS norm"])
def test_error(mean):
    """Against float64, in units of the largest result of each row."""
    rng = np.random.default_rng(4)
    width = 1152
    ordinary = np.stack(rows(rng, width)[:3])
    scale = rng.normal(1, 0.3, width).astype(np.float32)
    shift = rng.normal(0, 0.3, width).astype(np.float32)
    got = normalize(ordinary, eps=EPS, scale=scale, shift=shift, mean=mean)
    x = ordinary.astype(np.float64)
    center = x - x.mean(-1, keepdims=True) * mean
    exact = center / np.sqrt((center**2).mean(-1, keepdims=True) + EPS) * scale + shift
    error = np.abs(got - exact).max(-1) / np.abs(exact).max(-1)
    # The last row's mean is a hundred times its deviation: of the 17 bits of x few are left.
    assert (error < [2.5e-5, 2.5e-5, 6e-4]).all(), error


def test_one_step_after_the_other():
    rng = np.random.default_rng(5)
    x, scale, shift = rng.normal(size=(3, 4, 40)).astype(np.float32)
    epsilon = scaled_epsilon(EPS, 40)
    factor, offset = row_statistics(x, epsilon=epsilon)
    y = add_binary32(multiply17(x, factor), np.broadcast_to(offset, x.shape))
    expected = add_binary32(multiply17(y, scale), shift)
    assert (bits(normalize(x, eps=EPS, scale=scale, shift=shift)) == bits(expected)).all()
    assert (bits(standardize(x, epsilon=epsilon)) == bits(y)).all()
    assert (bits(modulate(y, scale=scale, shift=shift)) == bits(expected)).all()


def test_a_row_with_an_infinity_is_all_nan():
    x = np.ones((3, 8), np.float32)
    x[0, 3], x[1, 2] = np.inf, np.nan
    got = normalize(x, eps=EPS)
    assert (bits(got[:2]) == 0x7FC00000).all()
    assert np.isfinite(got[2]).all()


@pytest.mark.parametrize(
    ("width", "eps", "message"),
    [
        (0, EPS, "1 to 16384 elements, not 0"),
        (16385, EPS, "1 to 16384 elements, not 16385"),
        (4, -1.0, "eps must be at least 0 and finite, not -1.0"),
        (4, float("nan"), "eps must be at least 0 and finite, not nan"),
        (4, float("inf"), "eps must be at least 0 and finite, not inf"),
    ],
)
def test_wrong_arguments(width, eps, message):
    with pytest.raises(ValueError, match=message):
        normalize(np.zeros((2, width), np.float32), eps=eps)


def test_wrong_epsilon():
    for epsilon in (-1.0, np.float32("nan")):
        with pytest.raises(ValueError, match="epsilon must be at least 0, not"):
            standardize(np.zeros((2, 4), np.float32), epsilon=epsilon)
