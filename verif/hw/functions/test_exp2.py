"""Powers of two against golden's."""

import numpy as np

from golden.functions import exp2
from golden.functions.exp2 import EXP2_FRACTION
from hw.functions.exp2 import Exp2
from verif.golden.functions.patterns import PATTERNS, from_bits
from verif.hw.functions.elements import results_of


def check(patterns):
    got = results_of(Exp2(), i=patterns)
    assert got.tolist() == exp2(from_bits(patterns)).view(np.uint32).tolist()


def test_patterns():
    check(PATTERNS)


def test_every_fraction():
    """All 8192 of them, each at an integer of its own."""
    rng = np.random.default_rng(0)
    fractions = np.arange(1 << EXP2_FRACTION) / 2**EXP2_FRACTION
    x = rng.choice([1, -1], fractions.size) * (rng.integers(0, 130, fractions.size) + fractions)
    check(x.astype(np.float32).view(np.uint32))


def test_about_the_least_normal():
    steps = np.arange(-64, 64) / 2**EXP2_FRACTION
    x = np.concatenate([-126 + steps, -127 + steps, -128 + steps, 127 + steps, 128 + steps])
    check(x.astype(np.float32).view(np.uint32))
