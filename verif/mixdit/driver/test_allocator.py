"""The allocator: pieces never overlap, and what is given back can be had again."""

import random

import pytest

from mixdit.driver import Allocator


def test_random_use():
    rng = random.Random(1)
    allocator = Allocator(range(1000, 21000))
    start = allocator.available
    pieces = {}
    for _ in range(2000):
        if pieces and rng.random() < 0.5:
            allocator.free(address := rng.choice(list(pieces)))
            del pieces[address]
            continue
        size = rng.randint(1, 2000)
        try:
            address = allocator.allocate(size)
        except MemoryError:
            continue
        assert address % 64 == 0
        assert address >= 1000
        assert address + size <= 21000
        assert all(address >= a + s or address + size <= a for a, s in pieces.items())
        pieces[address] = size
    for address in pieces:
        allocator.free(address)
    assert allocator.available == start
    assert allocator.allocate(start) == 1024


def test_misuse():
    allocator = Allocator(range(64, 128))
    with pytest.raises(ValueError, match="size must be at least 1, not 0"):
        allocator.allocate(0)
    with pytest.raises(ValueError, match="must come from allocate, not 0x40"):
        allocator.free(64)
    with pytest.raises(MemoryError, match="no room for 65 bytes: 64 are free"):
        allocator.allocate(65)
    assert Allocator(range(65, 100)).available == 0
