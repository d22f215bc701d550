"""Units that make a bit per cycle: roots, one over integers and floats."""

from fractions import Fraction
from math import isqrt

import numpy as np
import pytest

from golden.reference import binary32_value
from hw.functions.integer_product import IntegerProduct, factors_layout
from hw.functions.inverse import Inverse
from hw.functions.reciprocal import Reciprocal
from hw.functions.square_root import SquareRoot
from verif.hw.functions.row_vectors import reciprocals
from verif.hw.functions.streamed import streamed


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
    vectors = reciprocals()
    found, _ = streamed(Reciprocal(), vectors.payloads)
    assert found == vectors.expected


def test_products():
    """Of small and large numbers of either sign, about both ends of binary32's range."""
    rng = np.random.default_rng(2)
    some = [*rng.integers(-(1 << 39), 1 << 39, 100).tolist(), *rng.integers(-300, 300, 60).tolist()]
    edges = [0, 1, -1, 2, -2, 3, -(1 << 39), (1 << 39) - 1, 1 - (1 << 39)]
    inverses = [1 << 17, (1 << 17) + 1, (1 << 18) - 1, 1 << 18]
    layout = factors_layout(multiplier=40, multiplicand=19)
    numbers = [
        (x, inverses[n % 4] if n % 3 else int(rng.integers(1 << 17, 1 << 18)), int(power))
        for n, x in enumerate(some + edges * 8)
        for power in (rng.integers(-200, -100), rng.integers(-60, 40), rng.integers(50, 120))
    ]
    names = ("multiplier", "multiplicand", "power")
    payloads = [layout.const(dict(zip(names, n, strict=True))).as_value().value for n in numbers]
    found, _ = streamed(IntegerProduct(multiplier=40, multiplicand=19), payloads)
    for (x, y, power), got in zip(numbers, found, strict=True):
        exact = x * y * Fraction(2) ** power
        size, sign = got & 0x7FFFFFFF, got >> 31
        assert sign == (x < 0)
        if abs(exact) >= Fraction(2) ** 128:
            assert size == 0x7F800000
        elif abs(exact) < Fraction(2) ** -126:
            assert size == 0
        else:
            assert binary32_value(size) <= abs(exact) < binary32_value(size + 1)


def test_latency():
    for unit, number in (
        (Inverse(width=5, steps=7), 19),
        (SquareRoot(width=6), 99),
        (Reciprocal(), 0x40400000),
    ):
        latency = unit.latency
        _, cycles = streamed(unit, [number] * 2, stalls=False)
        assert cycles == [latency, 2 * latency + 1]


@pytest.mark.parametrize("multiplier", [0, 1, -1, 5, -8, 1 << 14, (1 << 39) - 1, -1 << 39])
def test_latency_of_products(multiplier):
    factors = {"multiplier": multiplier, "multiplicand": 1 << 17, "power": 0}
    payload = factors_layout(multiplier=40, multiplicand=19).const(factors).as_value().value
    unit = IntegerProduct(multiplier=40, multiplicand=19)
    _, cycles = streamed(unit, [payload] * 2, stalls=False)
    latency = 1 + max(1, abs(multiplier).bit_length())
    assert cycles == [latency, 2 * latency + 1]
