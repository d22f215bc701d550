"""Rows in parts to blocks in fragments, at the rate of the parts."""

import random

import pytest

from golden.formats import BLOCK_SIZE, STREAM_FORMATS
from hw.block.quantizer import Quantizer
from hw.gemm.results.block_fragments import BlockFragments
from verif.simulation import simulate

ROWS = 40


def random_row(rng):
    """A format, 16 binary32, and how many of them exist."""
    values = [rng.getrandbits(32) & ~(1 << 30) | 1 << 29 for _ in range(BLOCK_SIZE)]
    return rng.choice(STREAM_FORMATS), values, rng.choice((1, 7, 15, 16, 16))


def block_of(fmt, values, columns):
    data = sum(value << 32 * k for k, value in enumerate(values[:columns]))
    return Quantizer.compute(data, fmt.code)[0].to_bytes(fmt.block_bytes, "little")


@pytest.mark.parametrize("words", [4, 8, 16])
@pytest.mark.parametrize(("ready", "stall"), [(1.0, 0), (0.4, 0), (1.0, 200)])
def test_every_row_is_a_block_at_its_place(words, ready, stall):
    rng = random.Random(5)
    rows = [random_row(rng) for _ in range(ROWS)]
    blocks = [block_of(*row) for row in rows]
    core = BlockFragments(rows=8, words=words, address_bits=16)
    found, lasts, cycles = bytearray(), 0, 0

    async def send(context):
        address, part = 0, core.i.p
        for (fmt, values, columns), block in zip(rows, blocks, strict=True):
            context.set(part.code.as_value(), fmt.code)
            context.set(part.place.address, address)
            context.set(part.place.last, 1)
            address += len(block)
            for n in range(0, BLOCK_SIZE, words):
                context.set(part.part, n // words)
                context.set(part.columns, min(words, max(0, columns - n)))
                context.set(part.values, values[n : n + words])
                context.set(core.i.valid, 1)
                await context.tick().until(core.i.ready)
        context.set(core.i.valid, 0)

    async def receive(context):
        nonlocal lasts, cycles
        while lasts < ROWS:
            context.set(core.o.ready, cycles >= stall and rng.random() < ready)
            if context.get(core.o.valid) and context.get(core.o.ready):
                fragment = context.get(core.o.p)
                assert fragment.place.address == len(found)
                found.extend(fragment.data.to_bytes(4 * words, "little")[: fragment.bytes])
                lasts += fragment.last
            await context.tick()
            cycles += 1

    simulate(core, send, receive)
    assert found == b"".join(blocks)
    if ready == 1 and not stall:
        assert cycles <= ROWS * BLOCK_SIZE // words + Quantizer(words=words).latency + 2
