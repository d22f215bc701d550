"""Pairs of binary32 that try every corner of an addition."""

import random

import numpy as np

_SPECIAL = (
    0x00000000,
    0x00000001,
    0x007FFFFF,
    0x00800000,
    0x00800001,
    0x00FFFFFF,
    0x3F800000,
    0x3F800001,
    0x3F7FFFFF,
    0x4B800000,
    0x7F7FFFFF,
    0x7F800000,
    0x7F800001,
    0x7FC00000,
    0x7FFFFFFF,
)


def special_pairs() -> list[tuple[int, int]]:
    """Every special value, in both signs, with every other."""
    values = [value | sign for value in _SPECIAL for sign in (0, 1 << 31)]
    return [(x, y) for x in values for y in values]


def near_pairs(rng: random.Random, count: int) -> list[tuple[int, int]]:
    """Operands whose exponents are 0 to 30 apart: alignment, cancellation and every way to round."""
    pairs = []

    def fraction() -> int:
        full = rng.getrandbits(23)
        return rng.choice((0, (1 << 23) - 1, full, full & ~0xFFF, 1 << rng.randint(0, 22)))

    for _ in range(count):
        exponent = rng.choice((rng.randint(1, 254), rng.randint(1, 30), rng.randint(224, 254)))
        other = max(0, exponent - rng.choice((0, 0, 1, 1, 2, rng.randint(0, 30))))
        pair = [rng.getrandbits(1) << 31 | e << 23 | fraction() for e in (exponent, other)]
        rng.shuffle(pair)
        pairs.append((pair[0], pair[1]))
    return pairs


def random_pairs(rng: random.Random, count: int) -> list[tuple[int, int]]:
    """Any two bit patterns."""
    return [(rng.getrandbits(32), rng.getrandbits(32)) for _ in range(count)]


def as_floats(bits) -> np.ndarray:
    """Bit patterns as float32."""
    return np.array(bits, np.uint32).view(np.float32)
