"""Chunks of K against arithmetic."""

import random

from golden.engine import EngineParameters
from hw.gemm.geometry import Geometry
from hw.gemm.operands.chunk_counter import ChunkCounter
from verif.simulation import simulate

K_BLOCKS = 6


def test_chunks_divide_k_and_the_mx9_blocks():
    """Two cycles after a choice, and for as long as no other is made."""
    counter = ChunkCounter(geometry=Geometry(EngineParameters(k_blocks=K_BLOCKS)), operands=2)
    rng = random.Random(1)
    chunks = 0

    async def bench(ctx):
        nonlocal chunks
        for _ in range(300):
            blocks = rng.randrange(1, 5 * K_BLOCKS)
            leading = [rng.randrange(blocks + 1) for _ in counter.leading]
            ctx.set(counter.k_blocks, blocks)
            for port, number in zip(counter.leading, leading, strict=True):
                ctx.set(port, number)
            for start in range(0, blocks, K_BLOCKS):
                size = min(K_BLOCKS, blocks - start)
                choice = counter.next if start else counter.first
                ctx.set(choice, 1)
                await ctx.tick()
                ctx.set(choice, 0)
                assert ctx.get(counter.is_first) == (start == 0)
                await ctx.tick()
                for _ in range(rng.randrange(3)):
                    await ctx.tick()
                assert ctx.get(counter.blocks) == size
                assert ctx.get(counter.is_last) == (start + size == blocks)
                for port, number in zip(counter.taken, leading, strict=True):
                    assert ctx.get(port) == min(max(number - start, 0), size)
                chunks += 1

    simulate(counter, bench)
    assert chunks > 800
