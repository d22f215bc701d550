"""Exponentials of rows relative to their maximum: against the reference, and against float64."""

import numpy as np
import pytest

from golden.functions import exp2, exponential, reference
from golden.functions.exponential import has_largest
from verif.golden.functions.patterns import PATTERNS, from_bits, rows
from verif.golden.samples import bits

MINUS_INFINITY = 0xFF800000


@pytest.mark.parametrize("width", [1, 2, 3, 16, 63, 1152])
def test_rows(width):
    rng = np.random.default_rng(width)
    for row in rows(rng, width):
        assert bits(exponential(row)).tolist() == reference.exponential(bits(row).tolist())


@pytest.mark.parametrize("finite", [True, False])
def test_rows_of_patterns(finite):
    """Near their maximum too, where most of a row is not 0; with infinities and NaN, and without."""
    rng = np.random.default_rng(int(finite))
    chosen = [p for p in PATTERNS if not finite or p & 0x7FFFFFFF < 0x7F800000]
    for _ in range(400):
        row = rng.choice(chosen, 5)
        row[1:3] = rng.choice(PATTERNS[:24], 2) if not finite else row[0] + rng.integers(-300, 300, 2)
        got = bits(exponential(from_bits(row))).tolist()
        assert got == reference.exponential(row.tolist()), row


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([0x00000000, 0x80000000], [1.0, 1.0]),
        ([0x80000000, 0x80000000], [1.0, 1.0]),
        ([0x00000001, 0x807FFFFF], [1.0, 1.0]),  # subnormals
        ([0x7F7FFFFF, 0xFF7FFFFF], [1.0, 0.0]),
        ([0xFF7FFFFF, 0xFF7FFFFF], [1.0, 1.0]),
        ([0x3F800000, MINUS_INFINITY], [1.0, 0.0]),
        ([MINUS_INFINITY, MINUS_INFINITY], [np.nan, np.nan]),
        ([0x7F800000, 0x00000000], [np.nan, np.nan]),
        ([0x7F800000, MINUS_INFINITY], [np.nan, np.nan]),
        ([0x3F800000, 0xFFC00001], [np.nan, np.nan]),
        ([0x7F800001, 0x3F800000], [np.nan, np.nan]),
        ([0x45000000, 0x44FFE000], [1.0, 0.5]),  # 2048, 2047: far beyond what exp2 takes
    ],
)
def test_what_the_docstring_says(row, expected):
    got = exponential(from_bits([row]))
    good = not np.isnan(expected[0])
    if good:
        assert got[0].tolist() == pytest.approx(expected, rel=1e-4)
    else:
        assert (bits(got) == 0x7FC00000).all()
    assert has_largest(from_bits([row])).tolist() == [[good]]
    assert bits(got)[0].tolist() == reference.exponential(row)


def test_error():
    """As close as `exp2`, whatever the size of the logits."""
    rng = np.random.default_rng(5)
    x = (rng.normal(size=(50, 1, 300)) * [[1.0], [30.0], [1000.0]]).astype(np.float32)
    x += rng.choice((-30000, 0, 30000), (50, 3, 1)).astype(np.float32)
    y = x.astype(float) - x.max(-1, keepdims=True)
    assert np.abs(exponential(x) - 2.0**y).max() < 1.3 * 2.0**-13
    assert (exponential(x).max(-1) == 1).all()


def test_a_small_row_is_exp2_of_its_differences():
    rng = np.random.default_rng(6)
    x = rng.integers(-1000, 1000, (7, 4, 40)).astype(np.float32) / 64
    assert (bits(exponential(x)) == bits(exp2(x - x.max(-1, keepdims=True)))).all()


def test_no_row():
    with pytest.raises(ValueError, match="rows must have 1 element or more, not 0"):
        exponential(np.zeros((2, 0), np.float32))
