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
            address = rng.choice(list(pieces))
            allocator.free(pieces.pop(address))
            continue
        size = rng.randint(1, 2000)
        try:
            piece = allocator.allocate(size)
        except MemoryError:
            continue
        address, stop = piece.address, piece.address + size
        assert piece.size == size
        assert address % 64 == 0
        assert address >= 1000
        assert stop <= piece.stop <= 21000
        assert all(address >= p.stop or stop <= p.address for p in pieces.values())
        pieces[address] = piece
    for piece in pieces.values():
        allocator.free(piece)
    assert allocator.available == start
    assert allocator.allocate(start).address == 1024


def test_misuse():
    allocator = Allocator(range(64, 128))
    with pytest.raises(ValueError, match="size must be at least 1, not 0"):
        allocator.allocate(0)
    with pytest.raises(TypeError, match="piece must be what allocate gave, not int 64"):
        allocator.free(64)
    with pytest.raises(MemoryError, match="no room for 65 bytes: 64 are free, 64 of them in one piece"):
        allocator.allocate(65)
    first = allocator.allocate(64)
    allocator.free(first)
    second = allocator.allocate(64)
    with pytest.raises(ValueError, match="must come from allocate, and not be free already"):
        allocator.free(first)  # its bytes have another owner by now
    assert allocator.available == 0
    allocator.free(second)
    assert allocator.available == 64
    assert Allocator(range(65, 100)).available == 0
