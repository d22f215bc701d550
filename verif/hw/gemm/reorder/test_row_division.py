"""Rows divided, and rows that are not, with a receiver that stalls and divisors that come late."""

import random

import numpy as np
import pytest

from golden.formats import BLOCK_SIZE
from golden.functions import divide_by_column
from golden.functions.division import is_divisor
from hw.gemm.reorder.row_division import RowDivision
from verif.golden.functions.patterns import PATTERNS, from_bits
from verif.simulation import simulate

ROWS = 12
LIMIT = 300 * ROWS
"""More cycles than rows with late divisors take."""


@pytest.mark.parametrize("words", [4, pytest.param(16, marks=pytest.mark.slow)])
@pytest.mark.parametrize("divide", [0, 1])
@pytest.mark.parametrize(("ready", "stall", "gap"), [(1.0, 0, 0), (0.3, 0, 60), (1.0, 300, 0)])
def test_every_row_by_its_divisor(words, divide, ready, stall, gap):
    rng = random.Random(8)
    blocks = [rng.randint(1, 4) for _ in range(ROWS)]
    rows = [np.array(rng.choices(list(PATTERNS), k=BLOCK_SIZE * n), np.uint32) for n in blocks]
    divisors = np.array(rng.choices(list(PATTERNS), k=ROWS), np.uint32)
    core = RowDivision(words=words, address_bits=16)
    found, cycles, out_of_range = [], 0, False

    async def give_divisors(ctx):
        for value in divisors if divide else ():
            await ctx.tick().repeat(1 + rng.randint(0, gap))
            ctx.set(core.divisor.p.as_value(), int(value))
            ctx.set(core.divisor.valid, 1)
            await ctx.tick().until(core.divisor.ready)
            ctx.set(core.divisor.valid, 0)

    async def send(ctx):
        ctx.set(core.divide, divide)
        part = core.i.p
        for number, row in enumerate(rows):
            for n, values in enumerate(row.reshape(-1, words)):
                block, place = divmod(n, BLOCK_SIZE // words)
                ctx.set(part.values, [int(value) for value in values])
                ctx.set(part.part, place)
                ctx.set(part.place.address, number)
                ctx.set(part.place.ends, block == blocks[number] - 1)
                ctx.set(core.i.valid, 1)
                await ctx.tick().until(core.i.ready)
        ctx.set(core.i.valid, 0)

    async def receive(ctx):
        nonlocal cycles, out_of_range
        while len(found) < sum(row.size for row in rows):
            ctx.set(core.o.ready, cycles >= stall and rng.random() < ready)
            if ctx.get(core.o.valid) and ctx.get(core.o.ready):
                found.extend(
                    (ctx.get(core.o.p.place.address), ctx.get(core.o.p.values[n])) for n in range(words)
                )
            out_of_range |= bool(ctx.get(core.out_of_range))
            await ctx.tick()
            cycles += 1
            assert cycles < LIMIT, f"{len(found)} values in {cycles} cycles"

    simulate(core, send, receive, give_divisors)
    expected = []
    for number, row in enumerate(rows):
        quotients = divide_by_column(from_bits(row), from_bits(divisors[number : number + 1]))
        values = quotients.view(np.uint32) if divide else row
        expected += [(number, int(value)) for value in values]
    assert found == expected
    assert out_of_range == bool(divide and not is_divisor(from_bits(divisors)).all())


@pytest.mark.parametrize(
    "divisor",
    [
        *(sign | size for size in (0, 1, 0x007FFFFF, 0x00800000, 0x3F800000) for sign in (0, 1 << 31)),
        *(0x7E800000, 0x7E800001, 0x7F000000, 0x7F7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000),
    ],
)
def test_out_of_range(divisor):
    """Known before the row is through."""
    core, seen = RowDivision(words=16, address_bits=16), []

    async def drive(ctx):
        ctx.set(core.divide, 1)
        ctx.set(core.divisor.p.as_value(), divisor)
        ctx.set(core.divisor.valid, 1)
        await ctx.tick()
        ctx.set(core.divisor.valid, 0)
        ctx.set(core.i.p.place.ends, 1)
        ctx.set(core.i.valid, 1)
        ctx.set(core.o.ready, 1)
        while not ctx.get(core.o.valid):
            seen.append(ctx.get(core.out_of_range))
            if ctx.get(core.i.ready):
                await ctx.tick()
                ctx.set(core.i.valid, 0)
            else:
                await ctx.tick()

    simulate(core, drive)
    assert any(seen) != is_divisor(from_bits([divisor])).item()
