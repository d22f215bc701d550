"""Powers of two: every argument against the reference, and how far from the exact ones."""

import numpy as np

from golden.functions import exp2, reference
from golden.functions.exp2 import (
    EXP2_FRACTION,
    EXP2_INTEGER,
    EXP2_OFFSET,
    EXP2_OUT,
    EXP2_SHIFT,
    exp2_in_range,
    exp2_table,
)
from verif.golden.functions.patterns import PATTERNS, from_bits
from verif.golden.samples import bits

MOST = 1 << EXP2_INTEGER + EXP2_FRACTION


def every_argument():
    """An x for each argument in fixed point: all of them, of both signs."""
    magnitudes = np.arange(MOST, dtype=np.float64) / 2**EXP2_FRACTION
    return np.concatenate([magnitudes, -magnitudes]).astype(np.float32)


def test_patterns():
    got = bits(exp2(from_bits(PATTERNS)))
    assert got.tolist() == [reference.exp2(pattern) for pattern in PATTERNS]


def test_every_fraction():
    """All 8192 fractions, at a few integers with both signs: what the integer part does is the exponent's."""
    fractions = np.arange(1 << EXP2_FRACTION) / 2**EXP2_FRACTION
    x = np.concatenate([s * (n + fractions) for n in (0, 1, 30, 125, 126, 127) for s in (1, -1)])
    x = x.astype(np.float32)
    assert bits(exp2(x)).tolist() == [reference.exp2(pattern) for pattern in bits(x).tolist()]


def test_an_integer_more_is_an_exponent_more():
    """With the test above that covers every argument there is."""
    x = every_argument()
    got = bits(exp2(x)).astype(np.int64)
    arguments = np.floor(np.abs(x) * 2.0**EXP2_FRACTION).astype(np.int64)
    arguments = np.where(np.signbit(x), ~arguments, arguments)
    base = bits(exp2(np.float32(2.0**-EXP2_FRACTION) * (arguments % (1 << EXP2_FRACTION)).astype(np.float32)))
    expected = base.astype(np.int64) + (arguments >> EXP2_FRACTION << 23)
    expected = np.where(arguments >> EXP2_FRACTION < -126, 0, expected)
    assert (got == expected).all()


def test_error():
    """Relative to the exact value, at the begin and the end of each step of the argument."""
    x = every_argument()
    x = x[np.abs(x) < 126]
    step = 2.0**-EXP2_FRACTION
    result = exp2(x).astype(np.float64)
    for at in (0, 1 - 2.0**-10):
        exact = np.exp2(x + np.copysign(at * step, x.astype(np.float64)))
        error = np.abs(result / exact - 1)
        assert error.max() < 2.0**-12.4
        assert np.sqrt((error**2).mean()) < 2.0**-13.6


def test_results_rise_with_arguments():
    """But for a unit of the fraction where a segment ends."""
    result = exp2(np.sort(every_argument())).astype(np.float64)
    result = result[result > 0]
    falls = 1 - result[1:] / result[:-1]
    assert falls.max() <= 2.0**-EXP2_OUT
    assert (falls > 0).mean() < 1 / 256


def test_table():
    """Values and slopes have the bits that they are said to have, and no fraction carries."""
    values, slopes = exp2_table()
    last = (1 << EXP2_OFFSET) - 1
    for value, slope in zip(values, slopes, strict=True):
        assert 0 <= value < 1 << EXP2_OUT
        assert 0 <= slope < 1 << 8
        assert value + (slope * last >> EXP2_SHIFT - 1) < 1 << EXP2_OUT


def test_what_is_in_range():
    """All but NaN and what gives the largest result, which one step of the argument alone has below 128."""
    x = np.concatenate([every_argument(), from_bits(PATTERNS)])
    result = exp2(x)
    largest = exp2(np.float32([np.inf]))[0]
    assert (exp2_in_range(x) == ~((result == largest) | np.isnan(result))).all()
    limit = np.float32(128 - 2.0**-13)
    edges = np.float32([limit, np.nextafter(limit, 0), -np.inf, np.inf, np.nan, -1000])
    assert exp2_in_range(edges).tolist() == [False, True, True, False, False, True]
