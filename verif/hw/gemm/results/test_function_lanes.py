"""Results through functions, in lanes, with a receiver that stalls."""

import random

import numpy as np
import pytest

from golden.engine import Function
from hw.gemm.results.function_lanes import FunctionLanes
from verif.golden.functions.patterns import PATTERNS, from_bits
from verif.simulation import simulate

PARTS = 60
LIMIT = 100 * PARTS
"""More cycles than the slowest lanes take."""


@pytest.mark.parametrize(
    ("words", "lanes"),
    [(8, 2), *(pytest.param(*sizes, marks=pytest.mark.slow) for sizes in ((4, 4), (4, 1), (16, 8)))],
)
@pytest.mark.parametrize("function", Function)
@pytest.mark.parametrize(("ready", "stall"), [(1.0, 0), (0.3, 0), (1.0, 300)])
def test_every_part_goes_through(words, lanes, function, ready, stall):
    rng = random.Random(7)
    patterns = np.array(rng.choices(list(PATTERNS), k=PARTS * words), np.uint32)
    core = FunctionLanes(words=words, lanes=lanes)
    found, cycles = [], 0

    async def send(ctx):
        ctx.set(core.function, function)
        for part in patterns.reshape(-1, words):
            ctx.set(core.i.valid, 0)
            while rng.random() < 0.1:
                await ctx.tick()
            ctx.set(core.i.p, [int(value) for value in part])
            ctx.set(core.i.valid, 1)
            await ctx.tick().until(core.i.ready)
        ctx.set(core.i.valid, 0)

    async def receive(ctx):
        nonlocal cycles
        while len(found) < PARTS * words:
            ctx.set(core.o.ready, cycles >= stall and rng.random() < ready)
            if ctx.get(core.o.valid) and ctx.get(core.o.ready):
                found.extend(ctx.get(core.o.p[n]) for n in range(words))
            await ctx.tick()
            cycles += 1
            assert cycles < LIMIT, f"{len(found)} of {PARTS * words} values in {cycles} cycles"

    simulate(core, send, receive)
    assert found == function(from_bits(patterns)).view(np.uint32).tolist()
