"""Rows normalized and modulated, with a receiver that stalls."""

import itertools
import random

import numpy as np
import pytest

from golden.formats import BLOCK_SIZE
from golden.functions import exp2, multiply17
from golden.functions.norm import modulate
from golden.rounding import add_binary32, flush
from hw.gemm.reorder.row_norm import RowNorm
from verif.golden.functions.patterns import PATTERNS, from_bits
from verif.golden.samples import bits
from verif.simulation import simulate

NAN = 0x7FC00000
ROWS = 6
BLOCKS = 3
KINDS = ("plain", "shift", "scale", "shift and scale", "exponential")


def normalized(rows, factors, shift=None, scale=None, exponential=False):
    """Golden's steps on bit patterns."""
    x = from_bits(np.stack(rows))
    factor, offset = (
        from_bits(np.array(column, np.uint32))[:, None] for column in zip(*factors, strict=True)
    )
    offset = np.where(np.abs(offset) < 2.0**-126, np.copysign(np.float32(0), offset), offset)
    if exponential:
        below = add_binary32(flush(x), np.broadcast_to(flush(offset), x.shape))
        return bits(exp2(below)).tolist()
    y = add_binary32(multiply17(x, np.broadcast_to(factor, x.shape).copy()), np.broadcast_to(offset, x.shape))
    given = {
        name: from_bits(vector) for name, vector in (("shift", shift), ("scale", scale)) if vector is not None
    }
    return bits(modulate(y, **given)).tolist()


@pytest.mark.parametrize(
    ("words", "lanes"), [(4, 4), (8, 4), pytest.param(4, 1, marks=pytest.mark.slow), (16, 16)]
)
@pytest.mark.parametrize(("ready", "gap"), [(1.0, 0), (0.3, 30)])
def test_every_row_by_its_factors(words, lanes, ready, gap):
    """Again and again, of every kind and with other vectors: the memories begin anew."""
    rng = random.Random(f"{words} {lanes}")
    core = RowNorm(columns=BLOCKS * BLOCK_SIZE, words=words, lanes=lanes)

    def some(count):
        return np.array(rng.choices(list(PATTERNS), k=count), np.uint32)

    rounds = []
    kinds = list(itertools.product(KINDS, (BLOCKS, 1, 2)))
    rng.shuffle(kinds)
    for kind, blocks in kinds:
        exponential = kind == "exponential"
        rows = [some(blocks * BLOCK_SIZE) for _ in range(ROWS)]
        factors = [tuple(some(2).tolist()) for _ in rows]
        if exponential:  # Most of what is between any two patterns would be 0.
            rows = [0x3F000000 + row % (1 << 26) ^ row & 1 << 31 for row in rows]
            factors = [
                (factor, [offset, 0xC1000000, 0, NAN][n % 4]) for n, (factor, offset) in enumerate(factors)
            ]
        values = {name: some(blocks * BLOCK_SIZE) for name in ("shift", "scale") if name in kind}
        rounds.append((rows, factors, values, exponential))
    found, begun, done = [], 0, 0

    async def give(ctx, port, blocks):
        for n, block in enumerate(blocks):
            ctx.set(port.p.values, block.tolist())
            ctx.set(port.p.last, n == len(blocks) - 1)
            ctx.set(port.valid, 1)
            await ctx.tick().until(port.ready)
            ctx.set(port.valid, 0)

    async def send(ctx):
        nonlocal begun
        for number, (rows, _, vectors, exponential) in enumerate(rounds):
            ctx.set(core.exponential, exponential)
            ctx.set(core.has_shift, "shift" in vectors)
            ctx.set(core.has_scale, "scale" in vectors)
            for name, vector in vectors.items():
                blocks = vector.reshape(-1, BLOCK_SIZE)
                for n, block in enumerate(blocks):
                    last = name == list(vectors)[-1] and n == len(blocks) - 1
                    ctx.set(core.vector.p.values, block.tolist())
                    ctx.set(core.vector.p.last, n == len(blocks) - 1)
                    ctx.set(core.vector.valid, 1)
                    while not ctx.get(core.vector.ready):
                        assert not ctx.get(core.loaded)
                        await ctx.tick()
                    assert ctx.get(core.loaded) == last
                    await ctx.tick()
                    ctx.set(core.vector.valid, 0)
            begun = number + 1
            for row in rows:
                await give(ctx, core.i, row.reshape(-1, BLOCK_SIZE))
            while done <= number:
                await ctx.tick()

    async def give_factors(ctx):
        for number, (_, factors, *_) in enumerate(rounds):
            while begun <= number:
                await ctx.tick()
            for factor, offset in factors:
                await ctx.tick().repeat(1 + rng.randint(0, gap))
                ctx.set(core.factors.p.factor.as_value(), factor)
                ctx.set(core.factors.p.offset.as_value(), offset)
                ctx.set(core.factors.valid, 1)
                await ctx.tick().until(core.factors.ready)
                ctx.set(core.factors.valid, 0)

    async def receive(ctx):
        nonlocal done
        cycles = 0
        for rows, *_ in rounds:
            row, made = [], []
            while len(made) < len(rows):
                ctx.set(core.o.ready, rng.random() < ready)
                if ctx.get(core.o.valid) and ctx.get(core.o.ready):
                    row.extend(ctx.get(core.o.p[n]) for n in range(words))
                    if len(row) == rows[0].size:
                        made.append(row)
                        row = []
                await ctx.tick()
                cycles += 1
                assert cycles < 20000, f"{len(found)} rounds and {len(made)} rows"
            found.append(made)
            done += 1

    simulate(core, send, receive, give_factors)
    for made, (rows, factors, vectors, exponential) in zip(found, rounds, strict=True):
        assert made == normalized(rows, factors, **vectors, exponential=exponential), (vectors, exponential)


def test_throughput():
    """As many elements per cycle as there are lanes, without a gap between rows."""
    core, blocks = RowNorm(columns=BLOCKS * BLOCK_SIZE, words=8, lanes=4), 12
    ends = []

    async def send(ctx):
        ctx.set(core.factors.valid, 1)
        ctx.set(core.i.valid, 1)
        for n in range(blocks):
            ctx.set(core.i.p.last, n % BLOCKS == BLOCKS - 1)
            await ctx.tick().until(core.i.ready)
        ctx.set(core.i.valid, 0)

    async def receive(ctx):
        ctx.set(core.o.ready, 1)
        cycle = 0
        while len(ends) < 2 * blocks:
            if ctx.get(core.o.valid):
                ends.append(cycle)
            await ctx.tick()
            cycle += 1

    simulate(core, send, receive)
    assert ends[-1] - ends[0] == 4 * blocks - 2
