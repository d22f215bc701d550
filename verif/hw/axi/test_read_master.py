"""The read master: bursts of exactly the beats that a command's bytes lie in, and what comes back."""

import random

import pytest

from hw.axi.read_master import ReadMaster
from hw.axi.signatures import PAGE_BYTES
from verif.simulation import simulate

ADDRESS_BITS = 40
MOST_BYTES = 5000
COMMANDS = 100


def commands(rng, size):
    """Addresses and numbers of bytes, many of them at the edges of beats and pages."""
    for tag in range(COMMANDS):
        span = rng.choice((size, PAGE_BYTES, 1 << ADDRESS_BITS))
        length = rng.choice((rng.randint(1, 3 * size), rng.randint(1, MOST_BYTES), PAGE_BYTES))
        if rng.random() < 0.5:  # begins or ends at an edge, or next to it
            edge = rng.randrange((1 << ADDRESS_BITS) // span) * span
            address = edge + rng.randint(-1, 1) - rng.choice((0, length))
        else:
            address = rng.randrange(1 << ADDRESS_BITS)
        yield max(0, min(address, (1 << ADDRESS_BITS) - length)), length, tag % 16


@pytest.mark.parametrize("data_bits", [64, 128, 256, 512])
def test_every_beat_is_read_once_and_comes_back_with_its_tag(data_bits):
    rng = random.Random(data_bits)
    size = data_bits // 8
    given = list(commands(rng, size))
    dut = ReadMaster(
        data_bits=data_bits, address_bits=ADDRESS_BITS, most_bytes=MOST_BYTES, tag=4, outstanding=4
    )
    bus, bursts, beats = dut.bus, [], []

    async def source(ctx):
        for address, length, tag in given:
            ctx.set(dut.command.p, {"address": address, "bytes": length, "tag": tag})
            ctx.set(dut.command.valid, 1)
            await ctx.tick().until(dut.command.ready)
            ctx.set(dut.command.valid, 0)
            if rng.random() < 0.3:
                await ctx.tick().repeat(rng.randint(1, 5))

    async def memory(ctx):
        """Takes addresses at random, and answers each beat with its address."""
        waiting = []
        while True:
            ctx.set(bus.arready, rng.random() < 0.7)
            answers = bool(waiting) and rng.random() < 0.9
            ctx.set(bus.rvalid, answers)
            if answers:
                address, left = waiting[0]
                ctx.set(bus.rdata, address)
                ctx.set(bus.rlast, left == 0)
                waiting[0] = (address + size, left - 1)
                if left == 0:
                    waiting.pop(0)
            _, _, valid, address, length, idle = await ctx.tick().sample(
                bus.arvalid, bus.araddr, bus.arlen, dut.idle
            )
            assert not (idle and (valid or waiting))
            if valid and ctx.get(bus.arready):
                bursts.append((address, length + 1))
                waiting.append((address, length))

    async def sink(ctx):
        wanted = sum(len(beats_of(address, length, size)) for address, length, _ in given)
        async for _, _, valid, beat in ctx.tick().sample(dut.beat.valid, dut.beat.p):
            if valid:
                beats.append((beat.data, beat.tag, beat.first, beat.last))
                if len(beats) == wanted:
                    break
        await ctx.tick().repeat(20)
        assert ctx.get(dut.idle)

    simulate(dut, source, sink, background=[memory])

    expected = []
    for address, length, tag in given:
        run = beats_of(address, length, size)
        expected += [(at, tag, at == run[0], at == run[-1]) for at in run]
    assert beats == expected
    assert sum(length for _, length in bursts) == len(expected)
    assert all(address % size == 0 and length <= 256 for address, length in bursts)
    assert all(
        address // PAGE_BYTES == (address + length * size - 1) // PAGE_BYTES for address, length in bursts
    )
    # As few bursts as pages, and 256 beats, allow.
    span = min(PAGE_BYTES, 256 * size)
    fewest = sum((address + length - 1) // span - address // span + 1 for address, length, _ in given)
    assert len(bursts) == fewest


def beats_of(address, length, size):
    """Addresses of the beats that hold these bytes."""
    return range(address - address % size, address + length, size)


def test_bursts_are_of_whole_beats_to_normal_memory():
    bus = (master := ReadMaster(data_bits=128, address_bits=32, most_bytes=64, tag=1)).bus

    async def bench(ctx):
        await ctx.tick()
        assert [int(ctx.get(field)) for field in (bus.arsize, bus.arburst, bus.arcache, bus.arprot)] == [
            4,
            1,
            3,
            0,
        ]

    simulate(master, bench)
