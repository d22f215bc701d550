"""Rounding to binary32 and binary32 addition against the scalar reference."""

from fractions import Fraction

import numpy as np

from golden import add_binary32, reference, round_to_binary32
from verif.golden.samples import bits

EDGES = [
    0.0,
    2.0**-126,
    2.0**-126 - 2.0**-150,
    2.0**-126 - 2.0**-151,  # the tie below the normal range goes to even, up
    2.0**-126 - 2.0**-152,
    2.0**-126 - 2.0**-151 - 2.0**-170,
    2.0**-149,
    2.0**-300,
    2.0**128,
    2.0**128 - 2.0**103,  # the tie goes to infinity
    2.0**128 - 2.0**103 - 2.0**76,
    2.0**128 - 2.0**104,
    2.0**250,
    1 + 2.0**-24,
    1 + 3 * 2.0**-24,
    1 + 2.0**-24 + 2.0**-52,
]


def test_edges_and_random_values_round_once():
    rng = np.random.default_rng(0)
    size = rng.integers(1, 1 << 53, 3000).astype(np.float64)
    size[::3] = rng.integers(1, 1 << 24, 1000) + 0.5  # ties
    exponents = np.concatenate([rng.integers(-190, 90, 1500), rng.integers(-153, -148, 1500)])
    values = np.concatenate([EDGES, np.ldexp(size, exponents)])
    values = np.concatenate([values, -values])
    got = bits(round_to_binary32(values))
    assert got.tolist() == [reference.round_binary32(Fraction(v)) for v in values.tolist()]


def test_zero_is_positive_and_nan_canonical():
    got = bits(round_to_binary32(np.array([0.0, -0.0, np.nan, -np.nan])))
    assert got.tolist() == [0, 0, 0x7FC00000, 0x7FC00000]


def test_addition_of_every_kind():
    rng = np.random.default_rng(0)
    edges = [
        0,
        1 << 23,
        (1 << 23) + 1,
        0x3F800000,
        0x7F7FFFFF,
        0x7F800000,
        0x7FC00000,
        0x7F800001,
        0x34000000,
    ]
    edges = edges + [e | 1 << 31 for e in edges]
    sign, e = rng.integers(0, 2, (2, 4000)), rng.integers(1, 255, (2, 4000))
    e[1, :3000] = np.clip(e[0, :3000] + rng.integers(-26, 27, 3000), 1, 254)
    e[:, 2000:3000] = rng.integers(1, 4, (2, 1000))
    x, y = (sign << 31 | e << 23 | rng.integers(0, 1 << 23, (2, 4000))).astype(np.uint32)
    x = np.concatenate([x, np.repeat(edges, len(edges))]).astype(np.uint32)
    y = np.concatenate([y, np.tile(edges, len(edges))]).astype(np.uint32)
    got = bits(add_binary32(x.view(np.float32), y.view(np.float32)))
    assert got.tolist() == [reference.add_binary32(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
