"""Powers of two beyond their range, told from results."""

import numpy as np
import pytest

from golden.functions import exp2
from golden.functions.exp2 import exp2_in_range
from hw.gemm.results.range_check import RangeCheck
from verif.golden.functions.patterns import PATTERNS, from_bits
from verif.simulation import simulate

NEAR = np.float32(128 - 2.0**-13)


@pytest.mark.parametrize("words", [4, 16])
def test_parts(words):
    """One element, in range or not, among others: in any place, in columns that exist or do not."""
    rng = np.random.default_rng(words)
    near = [
        NEAR,
        np.nextafter(NEAR, np.float32(0)),
        np.float32(127),
        np.float32(128),
        np.inf,
        np.nan,
        -np.inf,
    ]
    elements = np.concatenate([np.float32(near), from_bits(rng.choice(PATTERNS, 300))])
    parts = rng.standard_normal((elements.size, words)).astype(np.float32)
    parts[range(elements.size), rng.integers(0, words, elements.size)] = elements
    columns = rng.integers(0, words + 1, elements.size)
    taken = rng.random(elements.size) < 0.8
    columns[: len(near)], taken[: len(near)] = words, True
    core, found = RangeCheck(words=words, rows=4, address_bits=16), []

    async def drive(ctx):
        for n in range(elements.size + core.latency):
            if n >= core.latency:
                found.append(ctx.get(core.o))
            at = min(n, elements.size - 1)
            ctx.set(core.taken, int(taken[at]))
            ctx.set(core.i.columns, int(columns[at]))
            ctx.set(core.i.values, exp2(parts[at]).view(np.uint32).tolist())
            await ctx.tick()

    simulate(core, drive)
    beyond = ~exp2_in_range(parts) & (np.arange(words) < columns[:, None])
    assert found == (taken & beyond.any(1)).astype(int).tolist()
    assert 10 < sum(found) < elements.size / 2
