"""Units that make a bit per cycle: roots, one over integers and floats."""

from math import isqrt

import numpy as np
import pytest

from golden.functions.division import reciprocal
from hw.functions.inverse import Inverse
from hw.functions.reciprocal import Reciprocal
from hw.functions.square_root import SquareRoot
from verif.golden.functions.patterns import PATTERNS, from_bits
from verif.hw.functions.elements import streamed


def reciprocals(patterns) -> list[int]:
    return reciprocal(from_bits(patterns)).view(np.uint32).tolist()


@pytest.mark.parametrize(("width", "steps"), [(2, 2), (2, 5), (5, 4), (5, 7)])
def test_every_inverse(width, steps):
    divisors = list(range(1 << width - 1, 1 << width))
    found, _ = streamed(Inverse(width=width, steps=steps), divisors)
    assert found == [2 ** (width - 2 + steps) // divisor for divisor in divisors]


def test_a_divisor_of_a_bit():
    with pytest.raises(ValueError, match="width must be at least 2, not 1"):
        Inverse(width=1, steps=4)


def test_every_root_of_ten_bits():
    found, _ = streamed(SquareRoot(width=5), range(1 << 10))
    assert found == [isqrt(n) for n in range(1 << 10)]


def test_large_roots():
    """Of squares, of what is just below them, and of the largest numbers."""
    rng = np.random.default_rng(0)
    roots = [*rng.integers(1 << 17, 1 << 18, 100).tolist(), (1 << 17) + 1, (1 << 18) - 1]
    numbers = [root * root + less for root in roots for less in (0, -1, 1)] + [(1 << 36) - 1, 1 << 34]
    found, _ = streamed(SquareRoot(width=18), numbers)
    assert found == [isqrt(n) for n in numbers]


def test_reciprocals():
    rng = np.random.default_rng(1)
    rare = [
        sign | size
        for size in (*range(0x7E800000 - 2, 0x7E800003), 0x7F000000, 1 << 23)
        for sign in (0, 1 << 31)
    ]
    patterns = rare + PATTERNS[:24] + rng.permutation(PATTERNS)[:400].tolist()
    found, _ = streamed(Reciprocal(), patterns)
    assert found == reciprocals(patterns)


def test_latency():
    for unit, number in (
        (Inverse(width=5, steps=7), 19),
        (SquareRoot(width=6), 99),
        (Reciprocal(), 0x40400000),
    ):
        latency = unit.latency
        _, cycles = streamed(unit, [number] * 2, stalls=False)
        assert cycles == [latency, 2 * latency + 1]
