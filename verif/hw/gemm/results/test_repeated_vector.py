"""A vector given again for each row of a tile."""

import random

import pytest

from hw.gemm.results.repeated_vector import RepeatedVector
from verif.simulation import simulate

TILES = 12


@pytest.mark.parametrize(
    ("rows", "width", "lanes"),
    [(8, 4, 2), (1, 4, 4), (3, 16, 16), (20, 2, 1), (64, 8, 4), (5, 1, 1), (16, 16, 1)],
)
@pytest.mark.parametrize("by_row", [0, 1])
@pytest.mark.parametrize("stalls", [False, True])
def test_each_row_gets_it(rows, width, lanes, by_row, stalls):
    rng = random.Random(rows * lanes)
    core = RepeatedVector(rows=rows, width=width, lanes=lanes, rows_too=True)
    found, slices, expected = [], [], []
    for _ in range(TILES):
        last_row = rng.randrange(rows)
        vector = [rng.getrandbits(32) for _ in range((1 + last_row // 16) * 16 if by_row else 16)]
        for n in range(0, len(vector), width):
            slices.append((vector[n : n + width], n + width == len(vector), last_row))
        for row in range(last_row + 1):
            for n in range(0, 16, lanes):
                expected.append([vector[row]] * lanes if by_row else vector[n : n + lanes])

    async def send(ctx):
        ctx.set(core.by_row, by_row)
        for values, last, last_row in slices:
            ctx.set(core.i.valid, 0)
            while stalls and rng.random() < 0.5:
                await ctx.tick()
            ctx.set(core.i.p, {"values": values, "last": last, "last_row": last_row})
            ctx.set(core.i.valid, 1)
            await ctx.tick().until(core.i.ready)
        ctx.set(core.i.valid, 0)

    async def receive(ctx):
        for _ in range(40 * len(expected) + 1000):
            ctx.set(core.o.ready, not stalls or rng.random() < 0.5)
            if ctx.get(core.o.valid) and ctx.get(core.o.ready):
                found.append([ctx.get(core.o.p[n]) for n in range(lanes)])
            await ctx.tick()
            if len(found) == len(expected):
                return

    simulate(core, receive, background=[send])
    assert found == expected


def test_no_gap_between_tiles():
    """While one vector is given, the next one comes."""
    core = RepeatedVector(rows=4, width=4, lanes=4)
    given = []

    async def send(ctx):
        ctx.set(core.i.valid, 1)
        for number in range(4 * TILES):
            ctx.set(core.i.p, {"values": [number] * 4, "last": number % 4 == 3, "last_row": 3})
            await ctx.tick().until(core.i.ready)
        ctx.set(core.i.valid, 0)

    async def receive(ctx):
        ctx.set(core.o.ready, 1)
        for _ in range(16 * TILES + 5):
            given.append(ctx.get(core.o.valid))
            await ctx.tick()

    simulate(core, receive, background=[send])
    first = given.index(1)
    assert sum(given[first : first + 16 * TILES]) == 16 * TILES
