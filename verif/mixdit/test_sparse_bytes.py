"""Sparse bytes: as many as one likes, of which only pages that are touched exist."""

from itertools import pairwise

import numpy as np
import pytest

from mixdit.sim.sparse_bytes import SparseBytes

TERABYTE = 1 << 40
PAGE = 1 << 16
"""More than a page of any system that these tests run on."""


def held(pages: SparseBytes) -> int:
    """Bytes in pages that exist."""
    return sum(part.stop - part.start for part in pages.touched())


def test_nothing_exists_at_first():
    pages = SparseBytes(TERABYTE)
    assert pages.bytes.shape == (TERABYTE,)
    assert pages.bytes.dtype == np.uint8
    assert not list(pages.touched())


@pytest.mark.parametrize("places", [(0,), (TERABYTE - 1,), (5, TERABYTE // 3, TERABYTE // 2 + 1)])
def test_pages_are_made_where_bytes_are_written(places):
    pages = SparseBytes(TERABYTE)
    pages.bytes[list(places)] = 7
    found = list(pages.touched())
    assert [sum(part.start <= place < part.stop for part in found) for place in places] == [1] * len(places)
    assert held(pages) <= PAGE * len(places)
    assert all(before.stop <= part.start for before, part in pairwise(found))
    assert sum(int(pages.bytes[part].sum()) for part in found) == 7 * len(places)


def test_what_was_not_written_is_zero():
    pages = SparseBytes(TERABYTE)
    pages.bytes[1000:2000] = 1
    assert not pages.bytes[:1000].any()
    assert not pages.bytes[2000 : 1 << 20].any()
    assert not pages.bytes[-(1 << 20) :].any()


def test_strided_views_make_no_more_pages_than_they_have_rows():
    pages = SparseBytes(TERABYTE)
    rows = np.lib.stride_tricks.as_strided(pages.bytes, (100, 12), (1 << 31, 1))
    rows[:] = np.arange(100, dtype=np.uint8)[:, None]
    assert held(pages) <= 100 * PAGE
    assert pages.bytes[99 << 31] == 99


def test_two_are_apart():
    first, second = SparseBytes(1 << 20), SparseBytes(1 << 20)
    first.bytes[:] = 3
    assert not list(second.touched())
    assert not second.bytes.any()
