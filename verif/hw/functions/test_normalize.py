"""Normalized elements against golden's."""

import numpy as np
import pytest

from golden import add_binary32
from golden.functions import exponential, multiply17, normalize
from golden.functions.norm import row_statistics, scaled_epsilon
from golden.rounding import flush
from hw.functions.normalize import Normalize
from verif.golden.functions.patterns import PATTERNS, from_bits, rows
from verif.golden.samples import bits
from verif.hw.functions.elements import results_of

NAMES = ("x", "factor", "offset", "scale", "shift")


def normalized(*columns) -> list[int]:
    """Results of bit patterns of the inputs, in the order of ``NAMES``; each comes when it is due."""
    most = max(Normalize.arrivals.values())
    due = {}
    for name, column in zip(NAMES, columns, strict=True):
        before = Normalize.arrivals.get(name, 0)
        due[name] = np.pad(column, (before, most - before), constant_values=0x7FC00000)
    return results_of(Normalize(), **due)[: len(columns[0])].tolist()


@pytest.mark.parametrize("mean", [True, False], ids=["layer norm", "RMS norm"])
def test_rows(mean):
    """One row right after the other, with factors and offsets of their own; two with an infinity or a NaN."""
    rng = np.random.default_rng(0)
    x = np.stack(rows(rng, 24))
    scale = rng.normal(1, 0.3, 24).astype(np.float32)
    shift = np.where(rng.random(24) < 0.1, 2.0**-130, rng.normal(0, 0.3, 24)).astype(np.float32)
    factor, offset = row_statistics(x, epsilon=scaled_epsilon(1e-6, 24), mean=mean)
    for row, element in ((2, np.nan), (5, -np.inf)):
        x[row, 7], factor[row] = element, np.nan
    columns = (np.broadcast_to(part, x.shape).reshape(-1) for part in (x, factor, offset, scale, shift))
    got = normalized(*map(bits, columns))
    expected = normalize(x, eps=1e-6, scale=scale, shift=shift, mean=mean)
    assert got == bits(expected).reshape(-1).tolist()


@pytest.mark.parametrize("width", [1, 24])
def test_exponentials(width):
    """Of rows, whose offset comes with their elements; scale and factor count for nothing."""
    rng = np.random.default_rng(2)
    x = np.stack([*rows(rng, width), *(100 * part for part in rows(rng, width)[:4])])
    finite = [pattern for pattern in PATTERNS if pattern & 0x7FFFFFFF < 0x7F800000]
    x = np.concatenate([x, from_bits(rng.choice(finite, (200, width)))])
    x[1, width // 2], x[2, width - 1] = -np.inf if width > 1 else 1, np.nan
    offset = 0 - flush(x).max(-1, keepdims=True)
    offset[x.max(-1) == np.inf] = np.nan
    columns = [np.broadcast_to(part, x.shape).reshape(-1) for part in (x, offset)]
    junk = from_bits(rng.choice(PATTERNS, (2, x.size)))
    given = {
        "x": bits(columns[0]),
        "offset": bits(columns[1]),
        "factor": bits(junk[0]),
        "scale": bits(junk[1]),
    }
    given = {name: np.pad(values, (1, 0)) for name, values in given.items()}  # elements come a cycle later
    got = results_of(Normalize(), {"exponential": 1, "shift": 0}, **given)[1:]
    assert got.tolist() == bits(exponential(x)).reshape(-1).tolist()


def test_patterns():
    """Any five of them: what golden's steps make one after the other."""
    rng = np.random.default_rng(1)
    patterns = [rng.permutation(PATTERNS)[:2000] for _ in NAMES]
    patterns[1][::2] = 0x3F800000 + rng.integers(1 << 23, size=1000)
    x, factor, offset, scale, shift = map(from_bits, patterns)
    tiny = np.float32(2.0**-126)
    for addend in (offset, shift):
        addend[np.abs(addend) < tiny] *= 0
    y = add_binary32(multiply17(x, factor), offset)
    expected = add_binary32(multiply17(y, scale), shift)
    assert normalized(*patterns) == bits(expected).tolist()
