"""Powers of two beyond their range, told from results."""

import numpy as np
import pytest

from golden.formats import BLOCK_SIZE
from golden.functions import exp2
from golden.functions.exp2 import exp2_in_range
from hw.gemm.results.range_check import RangeCheck
from verif.golden.functions.patterns import PATTERNS, from_bits
from verif.simulation import simulate

NEAR = np.float32(128 - 2.0**-13)


@pytest.mark.parametrize("words", [4, 16])
def test_tiles(words):
    """One element, in range or not, among others: in any place, in rows and columns that exist or do not."""
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
    elements = np.concatenate([np.float32(near), from_bits(rng.choice(PATTERNS, 150))])
    parts = BLOCK_SIZE // words
    core, expected, cycles = RangeCheck(rows=4, words=words), [], []
    for n, element in enumerate(elements):
        rows, columns = int(rng.integers(1, 5)), int(rng.integers(1, 17)) if n >= len(near) else 16
        tile = rng.standard_normal((rows, BLOCK_SIZE)).astype(np.float32)
        tile[rng.integers(rows), rng.integers(BLOCK_SIZE)] = element
        beyond = ~exp2_in_range(tile) & (np.arange(BLOCK_SIZE) < columns)
        expected += beyond.reshape(rows * parts, words).any(1).tolist()
        values = exp2(tile).view(np.uint32).reshape(rows * parts, words).tolist()
        cycles += [(rows - 1, columns, part, n == len(values) - 1) for n, part in enumerate(values)]
    found = []

    async def drive(ctx):
        passed = []
        for last_row, columns, part, last in cycles:
            while rng.random() < 0.3:
                ctx.set(core.taken, 0)
                found.append((ctx.get(core.o), False))
                await ctx.tick()
            ctx.set(core.tile.payload.last_row, last_row)
            ctx.set(core.tile.payload.columns, columns)
            ctx.set(core.i, part)
            ctx.set(core.taken, 1)
            passed.append(ctx.get(core.tile.ready) == last)
            found.append((ctx.get(core.o), True))
            await ctx.tick()
        ctx.set(core.taken, 0)
        for _ in range(core.latency):
            found.append((ctx.get(core.o), False))
            await ctx.tick()
        assert all(passed), "a tile is taken with its last part, and not before"

    simulate(core, drive)
    shown = [bool(later[0]) for (_, taken), later in zip(found, found[core.latency :], strict=False) if taken]
    assert shown == expected
    assert sum(flag for flag, _ in found) == sum(expected)
    assert 10 < sum(expected) < len(elements) / 2
