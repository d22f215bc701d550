"""The queue in block memory against a list."""

import random

import pytest

from hw.stream.block_queue import BlockQueue
from verif.simulation import simulate


@pytest.mark.parametrize("depth", [2, 4, 8, 32])
def test_entries_come_out_in_order(depth):
    """The writer uses all room, the reader stalls: nothing is lost or repeated, even with a full ring."""
    queue = BlockQueue(shape=16, depth=depth)
    rng = random.Random(depth)
    sent, got, full = [], [], 0

    async def bench(ctx):
        nonlocal full
        entry = None
        for cycle in range(1500):
            busy = 0.9 if cycle // 50 % 2 else 0.3
            ctx.set(queue.o.ready, rng.random() < 1.1 - busy)
            if entry is not None:
                sent.append(entry)
            ctx.set(queue.data, rng.getrandbits(16) if entry is None else entry)
            room = len(sent) - len(got) < depth
            full += not room
            entry = rng.getrandbits(16) if room and rng.random() < busy else None
            ctx.set(queue.coming, entry is not None)
            if ctx.get(queue.o.valid & queue.o.ready):
                got.append(ctx.get(queue.o.payload))
            await ctx.tick()

    simulate(queue, bench)
    assert got == sent[: len(got)]
    assert len(got) > 300
    assert full > 50


@pytest.mark.parametrize("depth", [8, 32])
def test_filling_says_that_half_wait(depth):
    """Two more wait behind the memory while the reader stalls."""
    queue = BlockQueue(shape=16, depth=depth)
    step, half = depth >> BlockQueue.compared, depth // 2
    told = {}

    async def bench(ctx):
        for written in range(depth - step + 2):
            ctx.set(queue.coming, 1)
            await ctx.tick()
            ctx.set(queue.coming, 0)
            await ctx.tick().repeat(5)
            told[written + 1 - 2] = ctx.get(queue.filling)
        ctx.set(queue.o.ready, 1)
        await ctx.tick().repeat(2 * depth)
        told[0] |= ctx.get(queue.filling)

    simulate(queue, bench)
    assert all(told[waiting] == (waiting >= half) for waiting in told if not half - step < waiting < half)


@pytest.mark.parametrize(
    ("error", "depth", "message"),
    [
        (ValueError, 1, "depth must be a power of two, .*not 1"),
        (ValueError, 12, "depth must be a power of two, .*not 12"),
        (TypeError, 8.0, "depth must be an integer, not 8.0"),
    ],
)
def test_refuses_other_depths(error, depth, message):
    with pytest.raises(error, match=message):
        BlockQueue(shape=16, depth=depth)
