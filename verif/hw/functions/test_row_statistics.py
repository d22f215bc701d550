"""Factors and offsets of rows against golden's."""

import numpy as np
import pytest

from golden.functions.norm import row_statistics, scaled_epsilon
from hw.functions.row_statistics import RowStatistics
from verif.golden.functions.patterns import from_bits
from verif.golden.samples import bits
from verif.hw.functions.rows import beats, tried_rows
from verif.hw.functions.streamed import streamed


def statistics(rows, *, lanes, eps, mean=True, stalls=True):
    """Bit patterns of factors and offsets of rows of one width, and the cycles they came in."""
    width = len(rows[0])
    epsilon = int(scaled_epsilon(eps, width).view(np.uint32))
    found, cycles = streamed(
        RowStatistics(lanes=lanes),
        [beat for row in rows for beat in beats(row, lanes)],
        results=len(rows),
        ports={"width": width, "mean": mean, "epsilon": epsilon},
        stalls=stalls,
    )
    return [(result & 0xFFFFFFFF, result >> 32) for result in found], cycles


def expected(rows, *, eps, mean=True):
    """What golden makes of rows of one width, as bit patterns."""
    epsilon = scaled_epsilon(eps, len(rows[0]))
    found = row_statistics(from_bits(np.stack(rows)), epsilon=epsilon, mean=mean)
    return list(zip(*(bits(value)[:, 0].tolist() for value in found), strict=True))


@pytest.mark.parametrize("mean", [True, False], ids=["layer norm", "RMS norm"])
@pytest.mark.parametrize(("width", "lanes"), [(1, 1), (2, 1), (3, 2), (16, 4), (63, 4)])
def test_rows(width, lanes, mean):
    rows = tried_rows(width)
    for eps in (1e-6, 0.0, 1e30):
        found, _ = statistics(rows, lanes=lanes, eps=eps, mean=mean)
        assert found == expected(rows, eps=eps, mean=mean)


def test_a_model_s_rows():
    rows = tried_rows(1152)
    found, _ = statistics(rows, lanes=8, eps=1e-6, stalls=False)
    assert found == expected(rows, eps=1e-6)


@pytest.mark.parametrize("pattern", [0x7F800000, 0xFF800000, 0x7FC00000])
def test_a_row_with_an_infinity_or_nan(pattern):
    """The rows beside it are as ever."""
    rows = tried_rows(8)[:3]
    rows[1][5] = pattern
    found, _ = statistics(rows, lanes=2, eps=1e-6)
    assert found[1][0] == 0x7FC00000
    assert [found[0], found[2]] == expected([rows[0], rows[2]], eps=1e-6)


def test_the_last_row_of_a_model_with_fewer_elements_than_a_beat():
    """What the beat has behind them does not count."""
    rows = tried_rows(5)
    found, _ = statistics(rows, lanes=16, eps=1e-6)
    assert found == expected(rows, eps=1e-6)


def test_rows_without_a_pause():
    """Rows as long as the slowest of them take: their beats never wait, and the last one ends in time."""
    width = RowStatistics.row_cycles
    rows = [np.zeros(width, np.uint32), *tried_rows(width), np.zeros(width, np.uint32)]
    _, cycles = statistics(rows, lanes=1, eps=0.0, stalls=False)
    ends = width * np.arange(1, len(rows) + 1) - 1
    assert (cycles - ends <= 5 + 200).all()
