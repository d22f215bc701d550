"""The register in a stream, under random stalls of both sides."""

import random

import pytest

from hw.stream.skid_buffer import SkidBuffer
from verif.hw.stream.stream_bench import Count, Receiver, Sender, holds_while_stalled
from verif.simulation import simulate


@pytest.mark.parametrize("width", [1, 16])
def test_payloads_come_out_once_and_in_order(width):
    """Not more than two wait, and both places are used."""
    buffer = SkidBuffer(shape=width)
    rng = random.Random(width)
    sender, receiver = Sender(buffer.i, rng), Receiver(buffer.o, rng)
    count = Count(buffer.i, buffer.o)
    simulate(buffer, sender.run, background=(receiver.run, holds_while_stalled(buffer.o), count.run))
    assert receiver.received == sender.sent[: len(receiver.received)]
    assert len(sender.sent) - len(receiver.received) <= buffer.capacity
    assert len(receiver.received) > 300
    assert max(count.levels) == buffer.capacity


def test_latency_and_throughput():
    """A payload is at the output one cycle after it came, and then there is one in every cycle."""
    buffer = SkidBuffer(shape=8)

    async def source(ctx):
        ctx.set(buffer.i.valid, 1)
        ctx.set(buffer.o.ready, 1)
        assert not ctx.get(buffer.o.valid)
        for number in range(50):
            ctx.set(buffer.i.payload, number)
            assert ctx.get(buffer.i.ready)
            await ctx.tick()
            assert ctx.get(buffer.o.valid)
            assert ctx.get(buffer.o.payload) == number

    simulate(buffer, source)


def test_handshakes_do_not_pass_through():
    """A stall at the output shows at the input a cycle later, and what came meanwhile is kept."""
    buffer = SkidBuffer(shape=8)

    async def bench(ctx):
        ctx.set(buffer.i.valid, 1)
        ctx.set(buffer.i.payload, 1)
        assert not ctx.get(buffer.o.valid)
        await ctx.tick()
        ctx.set(buffer.i.payload, 2)
        assert ctx.get(buffer.i.ready)
        await ctx.tick()
        ctx.set(buffer.i.payload, 3)
        for ready in (0, 1):
            ctx.set(buffer.o.ready, ready)
            assert not ctx.get(buffer.i.ready)
            assert ctx.get(buffer.o.payload) == 1
        await ctx.tick()
        assert ctx.get(buffer.i.ready)
        assert ctx.get(buffer.o.payload) == 2

    simulate(buffer, bench)
