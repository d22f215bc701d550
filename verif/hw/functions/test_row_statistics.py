"""Factors and offsets of rows against golden's."""

import numpy as np
import pytest

from hw.functions.row_statistics import RowStatistics
from verif.hw.functions.row_vectors import statistics
from verif.hw.functions.rows import tried_rows
from verif.hw.functions.streamed import streamed


def results_of(vectors, *, lanes, stalls=True):
    """Factor and offset, the latter above, of each row, and the cycles they came in."""
    return streamed(
        RowStatistics(lanes=lanes),
        vectors.payloads,
        results=len(vectors.expected),
        ports=vectors.ports,
        stalls=stalls,
    )


def check(rows, *, lanes, stalls=True, **settings):
    """Compare the results of rows of one width; the cycles they came in."""
    vectors = statistics(rows, lanes=lanes, **settings)
    found, cycles = results_of(vectors, lanes=lanes, stalls=stalls)
    assert found == vectors.expected
    return cycles


@pytest.mark.parametrize("mean", [True, False], ids=["layer norm", "RMS norm"])
@pytest.mark.parametrize(("width", "lanes"), [(1, 1), (2, 1), (3, 2), (16, 4), (63, 4)])
def test_rows(width, lanes, mean):
    rows = tried_rows(width)
    for eps in (1e-6, 0.0, 1e30):
        check(rows, lanes=lanes, eps=eps, mean=mean)


def test_a_model_s_rows():
    check(tried_rows(1152), lanes=8, eps=1e-6, stalls=False)


@pytest.mark.parametrize("pattern", [0x7F800000, 0xFF800000, 0x7FC00000])
def test_a_row_with_an_infinity_or_nan(pattern):
    """The rows beside it are as ever."""
    rows = tried_rows(8)[:3]
    finite = statistics(rows, lanes=2, eps=1e-6)
    rows[1][5] = pattern
    found, _ = results_of(statistics(rows, lanes=2, eps=1e-6), lanes=2)
    assert found[1] & 0xFFFFFFFF == 0x7FC00000
    assert found[::2] == finite.expected[::2]


def test_the_last_row_of_a_model_with_fewer_elements_than_a_beat():
    """What the beat has behind them does not count."""
    check(tried_rows(5), lanes=16, eps=1e-6)


def test_rows_without_a_pause():
    """Rows as long as the slowest of them take: their beats never wait, and the last one ends in time."""
    width = RowStatistics.row_cycles
    rows = [np.zeros(width, np.uint32), *tried_rows(width), np.zeros(width, np.uint32)]
    cycles = check(rows, lanes=1, eps=0.0, stalls=False)
    ends = width * np.arange(1, len(rows) + 1) - 1
    assert (cycles - ends <= 5 + 200).all()
