"""The FIFO in block memory against a queue."""

import random

import pytest

from hw.stream.block_fifo import BlockFifo
from verif.simulation import simulate


@pytest.mark.parametrize("depth", [2, 4, 8, 32])
def test_entries_come_out_in_order(depth):
    """The writer uses all room, the reader stalls: nothing is lost or repeated, even with a full ring."""
    fifo = BlockFifo(shape=16, depth=depth)
    rng = random.Random(depth)
    sent, got, full = [], [], 0

    async def bench(ctx):
        nonlocal full
        entry = None
        for cycle in range(1500):
            busy = 0.9 if cycle // 50 % 2 else 0.3
            ctx.set(fifo.o.ready, rng.random() < 1.1 - busy)
            if entry is not None:
                sent.append(entry)
            ctx.set(fifo.data, rng.getrandbits(16) if entry is None else entry)
            room = len(sent) - len(got) < depth
            full += not room
            entry = rng.getrandbits(16) if room and rng.random() < busy else None
            ctx.set(fifo.coming, entry is not None)
            if ctx.get(fifo.o.valid & fifo.o.ready):
                got.append(ctx.get(fifo.o.payload))
            await ctx.tick()

    simulate(fifo, bench)
    assert got == sent[: len(got)]
    assert len(got) > 300
    assert full > 50
