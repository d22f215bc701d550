"""Products of significands of 17 bits against the reference."""

import numpy as np

from golden.functions import multiply17, reference
from verif.golden.functions.patterns import PATTERNS, from_bits
from verif.golden.samples import bits


def check(x: list[int], y: list[int]) -> None:
    got = bits(multiply17(from_bits(x), from_bits(y)))
    assert got.tolist() == [reference.multiply17(*pair) for pair in zip(x, y, strict=True)]


def test_patterns_by_each_other():
    rng = np.random.default_rng(1)
    for _ in range(3):
        check(PATTERNS, rng.permutation(PATTERNS).tolist())
    edges = PATTERNS[:24]
    check([x for x in edges for _ in edges], [y for _ in edges for y in edges])


def test_products_about_the_least_normal():
    """Rounded with 24 bits first, then flushed: some round up to 2**-126."""
    rng = np.random.default_rng(2)
    exponents = rng.integers(1, 127, 20000)
    x = (exponents << 23 | rng.integers(1 << 23, size=20000)).tolist()
    y = (127 - exponents + rng.integers(-1, 2, 20000) << 23 | rng.integers(1 << 23, size=20000)).tolist()
    # Pairs whose product is just below: significands near 1 and near 2.
    x += [1 << 23 | 0x7FFFC0] * 3
    y += [126 << 23 | bits_ for bits_ in (0x000040, 0x000000, 0x000080)]
    check(x, y)


def test_shapes_are_broadcast():
    x, y = np.ones((3, 1, 5), np.float32), np.full((4, 1), 3, np.float32)
    assert (multiply17(x, y) == 3).all()
    assert multiply17(x, y).shape == (3, 4, 5)
    assert multiply17(np.float32(2), np.float32(3)).shape == ()


def test_more_than_a_piece():
    x = np.random.default_rng(3).normal(size=(3, 20001)).astype(np.float32)
    parts = [multiply17(row, row) for row in x]
    assert (multiply17(x, x) == np.stack(parts)).all()
