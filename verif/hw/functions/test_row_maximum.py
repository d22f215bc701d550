"""Minus the maximum of rows against golden's."""

import numpy as np
import pytest

from golden.functions.exponential import has_largest
from golden.rounding import flush
from hw.functions.row_maximum import RowMaximum
from verif.golden.functions.patterns import PATTERNS, from_bits
from verif.golden.samples import bits
from verif.hw.functions.rows import beats, tried_rows
from verif.hw.functions.streamed import streamed

MINUS_INFINITY = 0xFF800000


def maxima(rows, *, lanes, stalls=True):
    """Bit patterns of factors and offsets of rows, and the cycles they came in."""
    found, cycles = streamed(
        RowMaximum(lanes=lanes),
        [beat for row in rows for beat in beats(row, lanes, behind=MINUS_INFINITY)],
        results=len(rows),
        stalls=stalls,
    )
    return [(result & 0xFFFFFFFF, result >> 32) for result in found], cycles


def expected(row):
    """What golden adds to this row: minus its maximum, which is +0 if it is none."""
    x = from_bits(row)
    if not has_largest(x).item():
        return 0x7FC00000, 0x7FC00000
    return 0x3F800000, int(bits(0 - flush(x).max()).item())


@pytest.mark.parametrize(("width", "lanes"), [(1, 1), (2, 1), (3, 2), (16, 4), (63, 4), (40, 8)])
def test_rows(width, lanes):
    """Of all kinds, of any patterns, and with masks, an infinity or NaN of either sign in any place."""
    rng = np.random.default_rng(width)
    rows = tried_rows(width)
    rows += [rng.choice(PATTERNS, width).astype(np.uint32) for _ in range(6)]
    for special in (MINUS_INFINITY, 0x7F800000, 0x7F800001, 0xFF800001, 0xFFFFFFFF, 0x80000001, 1):
        for row in tried_rows(width)[:2]:
            row[rng.integers(width)] = special
            rows.append(row)
    rows.append(np.full(width, MINUS_INFINITY, np.uint32))
    rows += [row for row in rows[:3] for _ in range(2)]
    for stalls in (False, True):
        found, _ = maxima(rows, lanes=lanes, stalls=stalls)
        assert found == [expected(row) for row in rows]


@pytest.mark.parametrize(("width", "lanes"), [(64, 4), (8, 8), (128, 1)])
def test_throughput(width, lanes):
    rows = [bits(row) for row in np.random.default_rng(1).standard_normal((9, width), np.float32)]
    _, cycles = maxima(rows, lanes=lanes, stalls=False)
    assert np.diff(cycles).max() <= max(width // lanes, RowMaximum(lanes=lanes).latency + 1)
