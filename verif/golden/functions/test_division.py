"""Division by a column: every significand against integers, and how far from exact quotients."""

import numpy as np
import pytest

from golden.functions import divide_by_column, reference
from golden.functions.division import is_divisor, reciprocal
from verif.golden.functions.patterns import PATTERNS, from_bits
from verif.golden.samples import bits


def test_reciprocals_of_patterns():
    got = bits(reciprocal(from_bits(PATTERNS)))
    assert got.tolist() == [reference.reciprocal(pattern) for pattern in PATTERNS]


def test_reciprocals_at_the_end_of_the_range():
    """One over a number above 2**126 is below the normal range."""
    patterns = [e << 23 | f for e in (1, 2, 252, 253, 254) for f in (0, 1, 0x3FFFFF, 0x400000, 0x7FFFFF)]
    assert bits(reciprocal(from_bits(patterns))).tolist() == [reference.reciprocal(p) for p in patterns]


def test_every_significand():
    """All 2**23 of them, as a quotient of integers."""
    significand = np.arange(1 << 23, 1 << 24)
    quotient = (1 << 40) // significand
    exact = np.ldexp(quotient, -17).astype(np.float32)
    assert (reciprocal(np.ldexp(significand, -23).astype(np.float32)) == exact).all()


def test_quotients_of_patterns():
    rng = np.random.default_rng(1)
    edges = PATTERNS[:24]
    x = PATTERNS + [a for a in edges for _ in edges]
    y = rng.permutation(PATTERNS).tolist() + [b for _ in edges for b in edges]
    got = bits(divide_by_column(from_bits(x), from_bits(y)))
    assert got.tolist() == [reference.divide(*pair) for pair in zip(x, y, strict=True)]


def test_error():
    """Relative to the exact quotient."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(1000, 64)).astype(np.float32)
    sums = np.exp2(rng.uniform(-100, 100, (1000, 1))).astype(np.float32)
    error = divide_by_column(x, sums) / (x / sums.astype(np.float64)) - 1
    assert -(2.0**-15) < error.min() < -(2.0**-15.4)
    assert error.max() < 2.0**-24
    assert np.sqrt((error**2).mean()) < 2.0**-16


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (1.0, 0.0, np.inf),
        (1.0, -0.0, -np.inf),
        (-3.0, 1e-40, -np.inf),
        (1.0, np.inf, 0.0),
        (np.inf, -2.0, -np.inf),
        (6.0, -2.0, -3.0),
        (1e38, 1e38, 0.0),
        (0.0, 0.0, np.nan),
        (np.inf, np.inf, np.nan),
        (np.nan, 1.0, np.nan),
        (1.0, np.nan, np.nan),
    ],
)
def test_what_the_docstring_says(x, y, expected):
    got = divide_by_column(np.float32(x), np.float32(y))
    assert bits(got) == (0x7FC00000 if np.isnan(expected) else bits(np.float32(expected)))


def test_a_sum_for_each_row():
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    sums = np.array([[1], [2], [-4]], np.float32)
    assert (divide_by_column(x, sums) == x / sums).all()


def test_what_is_a_divisor():
    """Whatever has a positive normal number as its reciprocal, by the reference."""
    edges = [0x7E800000, 0x7E800001, 0x7E7FFFFF, 0x00800000, 0x007FFFFF]  # 2**126, the least normal number
    patterns = PATTERNS + edges + [pattern | 1 << 31 for pattern in edges]
    expected = [0x00800000 <= reference.reciprocal(pattern) < 0x7F800000 for pattern in patterns]
    assert is_divisor(from_bits(patterns)).tolist() == expected
    assert [bool(is_divisor(from_bits(edge))) for edge in edges] == [True, False, True, True, False]
