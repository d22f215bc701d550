"""Products of 17 bits against golden's."""

import numpy as np

from golden.functions import multiply17
from hw.functions.product import Multiply17
from verif.golden.functions.patterns import PATTERNS, from_bits
from verif.hw.functions.elements import results_of


def check(x, y):
    got = results_of(Multiply17(), x=x, y=y)
    assert got.tolist() == multiply17(from_bits(x), from_bits(y)).view(np.uint32).tolist()


def test_patterns_by_each_other():
    rng = np.random.default_rng(1)
    check(PATTERNS, rng.permutation(PATTERNS).tolist())
    edges = PATTERNS[:24]
    check([x for x in edges for _ in edges], [y for _ in edges for y in edges])


def test_ties_and_the_ends_of_the_range():
    """Significands of few bits make ties; sums of exponents are about both ends of the range."""
    rng = np.random.default_rng(2)
    size = 6000
    short = rng.integers(1, 1 << 12, (2, size)) << 11
    long = rng.integers(0, 1 << 23, (2, size))
    fractions = np.where(rng.random((2, size)) < 0.5, short, long)
    fractions[:, ::7] = 0x7FFFC0
    exponents = rng.integers(1, 255, size)
    other = rng.choice([126, 127, 128, 380, 381, 382], size) - exponents
    kept = (other > 0) & (other < 255)
    x, y = (exponents << 23 | fractions[0])[kept], (other << 23 | fractions[1])[kept]
    check(x.tolist(), y.tolist())
