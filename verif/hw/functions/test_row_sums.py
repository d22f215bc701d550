"""Sums over rows against Python's integers."""

from fractions import Fraction

import numpy as np
import pytest

from golden.functions.norm import LONGEST_ROW
from golden.reference import binary32_value
from hw.functions.row_sums import FINE_BITS, SQUARE_DIGIT, RowSums, row_sums_layout
from verif.hw.functions.rows import beats, largest_exponent, tried_rows
from verif.hw.functions.streamed import streamed


def elements_of(row: np.ndarray) -> list[int]:
    """A row's elements in units of 2**-31 of its largest power of two."""
    unit = Fraction(2) ** (largest_exponent(row) - 127 - 31)
    values = (binary32_value(x) if x & 0x7F800000 else Fraction(0) for x in row.tolist())
    return [
        -1 - int(-v / unit) if x >> 31 else int(v / unit) for v, x in zip(values, row.tolist(), strict=True)
    ]


def check(unit, rows, **options):
    payloads = [beat for row in rows for beat in beats(row, unit.lanes)]
    found, cycles = streamed(unit, payloads, results=len(rows), **options)
    for row, result in zip(rows, found, strict=True):
        got = row_sums_layout().from_bits(result)
        elements = elements_of(row)
        coarse = [element >> FINE_BITS for element in elements]
        assert got.largest == largest_exponent(row)
        assert got.coarse == sum(coarse)
        assert (got.coarse << FINE_BITS) + got.fine == sum(elements)
        assert (got.square_high << SQUARE_DIGIT) + got.square == sum(c * c for c in coarse)
    return cycles


@pytest.mark.parametrize("lanes", [1, 2, 3, 4])
def test_rows(lanes):
    check(RowSums(lanes=lanes), [row for width in (1, 2, 7, 33) for row in tried_rows(width)])


def test_every_distance():
    """Elements of all exponents below the largest one, of both signs."""
    exponents = np.arange(1, 255, dtype=np.uint32)
    row = np.concatenate([exponents << 23 | 0x7FFFFF, exponents << 23 | 0x80000001])
    check(RowSums(lanes=4), [row, row[:-160], row[:100]])


def test_the_longest_row_does_not_overflow():
    """Elements of the largest size, all of one sign."""
    for pattern in (0xFF7FFFFF, 0x7F7FFFFF):
        check(RowSums(lanes=16), [np.full(LONGEST_ROW, pattern, np.uint32)], stalls=False)


@pytest.mark.parametrize("lanes", [1, 3, 8])
def test_latency(lanes):
    row = tried_rows(24)[0]
    unit, count = RowSums(lanes=lanes), 24 // lanes
    cycles = check(unit, [row] * 3, stalls=False)
    apart = max(count, unit.latency + 1)
    assert cycles == [count - 1 + unit.latency + n * apart for n in range(3)]


def test_wrong_arguments():
    with pytest.raises(ValueError, match="lanes must be at least 1, not 0"):
        RowSums(lanes=0)
