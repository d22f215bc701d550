"""Results times factors, plus addends, in lanes, with senders and a receiver that stall."""

import random

import numpy as np
import pytest

from golden import add_binary32
from golden.functions import multiply17
from golden.rounding import flush
from hw.gemm.results.affine_lanes import AffineLanes
from verif.hw.gemm.results.float_vectors import near_pairs, random_pairs, special_pairs
from verif.simulation import simulate

PARTS = 40
LIMIT = 100 * PARTS
"""More cycles than the slowest lanes take."""


def _results(rng: random.Random, count: int) -> np.ndarray:
    """As units before make them: no subnormals, NaN canonical."""
    bits = [x for pair in special_pairs() + random_pairs(rng, count) for x in pair]
    values = flush(np.array(rng.choices(bits, k=count), np.uint32).view(np.float32))
    values[np.isnan(values)] = np.uint32(0x7FC00000).view(np.float32)
    return values.view(np.uint32)


def _operands(rng: random.Random, results: np.ndarray) -> np.ndarray:
    """Anything that memory may hold, some of it near the results."""
    pairs = special_pairs() + near_pairs(rng, 100) + random_pairs(rng, 100)
    values = np.array(rng.choices([x for pair in pairs for x in pair], k=results.size), np.uint32)
    near = np.array([rng.random() < 0.3 for _ in range(results.size)])
    return np.where(near, results ^ np.uint32(0x80000000), values)


@pytest.mark.parametrize(
    ("words", "lanes"),
    [(8, 2), *(pytest.param(*sizes, marks=pytest.mark.slow) for sizes in ((4, 4), (4, 1), (16, 8)))],
)
@pytest.mark.parametrize("multiply", [0, 1])
@pytest.mark.parametrize("add", [0, 1])
@pytest.mark.parametrize(("ready", "stall"), [(1.0, 0), (0.3, 0), (1.0, 300)])
def test_every_part_is_made(words, lanes, multiply, add, ready, stall):
    rng = random.Random(5)
    core = AffineLanes(words=words, lanes=lanes)
    values = _results(rng, PARTS * words)
    factors, addends = _operands(rng, values), _operands(rng, values)
    found, cycles = [], 0

    def sender(port, rows, asked):
        async def send(ctx):
            ctx.set(core.multiply, multiply)
            ctx.set(core.add, add)
            if not asked:
                # What nobody asked for may wait there.
                ctx.set(port.p, [rng.getrandbits(32) for _ in rows[0]])
                ctx.set(port.valid, rng.getrandbits(1))
                return
            for row in rows:
                ctx.set(port.valid, 0)
                while rng.random() < 0.1:
                    await ctx.tick()
                ctx.set(port.p, [int(value) for value in row])
                ctx.set(port.valid, 1)
                await ctx.tick().until(port.ready)
            ctx.set(port.valid, 0)

        return send

    async def receive(ctx):
        nonlocal cycles
        while len(found) < values.size:
            ctx.set(core.o.ready, cycles >= stall and rng.random() < ready)
            if ctx.get(core.o.valid) and ctx.get(core.o.ready):
                found.extend(ctx.get(core.o.p[n]) for n in range(words))
            await ctx.tick()
            cycles += 1
            assert cycles < LIMIT, f"{len(found)} of {values.size} values in {cycles} cycles"

    simulate(
        core,
        sender(core.i, values.reshape(-1, words), True),
        sender(core.factors, factors.reshape(-1, lanes), multiply),
        sender(core.addends, addends.reshape(-1, lanes), add),
        receive,
    )
    expected = values.view(np.float32)
    if multiply:
        expected = multiply17(expected, factors.view(np.float32))
    if add:
        expected = add_binary32(expected, flush(addends.view(np.float32)))
    assert found == expected.view(np.uint32).tolist()
