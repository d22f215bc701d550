"""GELU and SiLU against golden's."""

import numpy as np
import pytest

from golden.functions import gelu, silu
from golden.functions.activation import GELU, SILU
from hw.functions.activation import Activation
from verif.golden.functions.patterns import PATTERNS, from_bits
from verif.hw.functions.elements import results_of

FUNCTIONS = {"gelu": (gelu, GELU), "silu": (silu, SILU)}


def check(name, patterns):
    got = results_of(Activation(), {"silu": name == "silu"}, i=patterns)
    assert got.tolist() == FUNCTIONS[name][0](from_bits(patterns)).view(np.uint32).tolist()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_patterns(name):
    check(name, PATTERNS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments(name):
    """Every eighth of both signs, with all bits of a significand."""
    rng = np.random.default_rng(0)
    gate = FUNCTIONS[name][1]
    x = (np.arange(0, 1 << 16, 8) + rng.random(1 << 13)) / 2**gate.fraction
    check(name, (x * rng.choice([1, -1], x.size)).astype(np.float32).view(np.uint32))
