"""GELU and SiLU: every argument against the reference, and how far from the exact ones."""

import math

import numpy as np
import pytest

from golden.functions import gelu, reference, silu
from golden.functions.activation import GELU, SILU, parabolas
from verif.golden.functions.patterns import PATTERNS, from_bits
from verif.golden.samples import bits

FUNCTIONS = {"gelu": (GELU, gelu), "silu": (SILU, silu)}


def exact(name: str, x: np.ndarray) -> np.ndarray:
    x = x.astype(np.float64)
    if name == "silu":
        return x / (1 + np.exp(-x))
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_patterns(name):
    gate, function = FUNCTIONS[name]
    got = bits(function(from_bits(PATTERNS)))
    assert got.tolist() == [reference.activation(gate, pattern) for pattern in PATTERNS]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument(name):
    """All 65536 arguments in fixed point, of both signs."""
    gate, function = FUNCTIONS[name]
    x = np.arange(1 << 16) / 2**gate.fraction
    x = np.concatenate([x, -x]).astype(np.float32)
    assert bits(function(x)).tolist() == [reference.activation(gate, b) for b in bits(x).tolist()]


@pytest.mark.parametrize(("name", "largest", "usual"), [("gelu", 1.3e-4, 1.7e-5), ("silu", 2.4e-4, 3.9e-5)])
def test_error(name, largest, usual):
    gate, function = FUNCTIONS[name]
    x = np.arange(-(2 << 16), 2 << 16, dtype=np.float64) / 2 ** (gate.fraction + 1) + 2.0**-20
    x = x.astype(np.float32)
    error = np.abs(function(x) - exact(name, x))
    assert error.max() < largest
    assert np.sqrt((error**2).mean()) < usual


@pytest.mark.parametrize("name", FUNCTIONS)
def test_far_away(name):
    """Nothing far below 0, the argument itself, cut to 17 bits, far above."""
    _, function = FUNCTIONS[name]
    x = np.array([50, 1000, 3e38, np.inf], np.float32)
    assert (function(x) == from_bits(bits(x) & ~np.uint32(0x7F))).all()
    assert bits(function(-x)).tolist() == [1 << 31] * 4


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gates_are_between_0_and_1(name):
    """Of every argument, so that nothing needs to be clipped."""
    gate, function = FUNCTIONS[name]
    x = (np.arange(1, 1 << 16) / 2**gate.fraction).astype(np.float32)
    for sign in (1, -1):
        opening = function(sign * x) / (sign * x)
        assert opening.min() >= 0
        assert opening.max() <= 1


@pytest.mark.parametrize("name", FUNCTIONS)
def test_coefficients_have_the_bits_that_they_are_said_to_have(name):
    gate, _ = FUNCTIONS[name]
    p = parabolas(gate)
    assert len(p.c0) == len(p.c1) == len(p.c2) == 1 << gate.SEGMENT
    assert all(0 <= c < 1 << gate.OUT for c in p.c0)
    assert all(-(1 << gate.LINEAR - 1) <= c < 1 << gate.LINEAR - 1 for c in p.c1)
    assert all(-(1 << gate.SQUARE - 1) <= c < 1 << gate.SQUARE - 1 for c in p.c2)
    assert p.square_shift >= 0
    assert p.linear_shift >= 0
