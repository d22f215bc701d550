"""The queue against a Python one."""

import random

import pytest
from amaranth.lib import data

from hw.stream.queue import Queue
from verif.hw.stream.stream_bench import Count, Receiver, Sender, holds_while_stalled
from verif.simulation import simulate

SIZES = [(2, False), (3, False), (4, False), (3, True), (4, True), (16, True)]


@pytest.mark.parametrize(("depth", "registered"), SIZES)
def test_payloads_come_out_once_and_in_order(depth, registered):
    """Both sides stall at random: the level is what went in and did not come out, and room is used up."""
    queue = Queue(shape=data.StructLayout({"low": 5, "high": 11}), depth=depth, registered=registered)
    rng = random.Random(depth)
    sender, receiver = Sender(queue.i, rng), Receiver(queue.o, rng)
    count, levels = Count(queue.i, queue.o), []

    async def watch(ctx):
        async for *_, level in ctx.tick().sample(queue.level):
            levels.append(level)

    simulate(queue, sender.run, background=(receiver.run, holds_while_stalled(queue.o), count.run, watch))
    assert receiver.received == sender.sent[: len(receiver.received)]
    assert len(receiver.received) > 300
    assert levels == count.levels
    assert max(levels) == depth
    assert min(levels[10:]) == 0


@pytest.mark.parametrize(("registered", "latency"), [(False, 1), (True, 2)])
def test_latency_and_throughput(registered, latency):
    """A payload is at the output ``latency`` cycles after it came, and then there is one in every cycle."""
    queue = Queue(shape=8, depth=4, registered=registered)
    offered = []

    async def source(ctx):
        ctx.set(queue.i.valid, 1)
        ctx.set(queue.o.ready, 1)
        for number in range(50):
            ctx.set(queue.i.payload, number)
            assert ctx.get(queue.i.ready)
            offered.append(ctx.get(queue.o.payload) if ctx.get(queue.o.valid) else None)
            await ctx.tick()

    simulate(queue, source)
    assert offered == [None] * latency + list(range(50 - latency))


@pytest.mark.parametrize("registered", [False, True])
def test_handshakes_do_not_pass_through(registered):
    """A full queue isn't ready, though one is taken; an empty one offers nothing, though one comes."""
    queue = Queue(shape=4, depth=3, registered=registered)

    async def bench(ctx):
        ctx.set(queue.i.valid, 1)
        ctx.set(queue.o.ready, 1)
        assert not ctx.get(queue.o.valid)
        ctx.set(queue.o.ready, 0)
        await ctx.tick().repeat(5)
        assert ctx.get(queue.level) == 3
        ctx.set(queue.o.ready, 1)
        assert not ctx.get(queue.i.ready)

    simulate(queue, bench)


@pytest.mark.parametrize(
    ("error", "message", "parameters"),
    [
        (ValueError, "depth must be at least 2, .*not 1", {"shape": 8, "depth": 1}),
        (
            ValueError,
            "depth must be at least 3 if registered, .*not 2",
            {"shape": 8, "depth": 2, "registered": True},
        ),
        (ValueError, "depth must be at least 2, .*not -4", {"shape": 8, "depth": -4}),
        (TypeError, "depth must be an integer, not 2.5", {"shape": 8, "depth": 2.5}),
        (TypeError, "depth must be an integer, not True", {"shape": 8, "depth": True}),
        (TypeError, "cannot be converted to an Amaranth shape", {"shape": "wide", "depth": 4}),
    ],
)
def test_refuses_what_it_cannot_be(error, message, parameters):
    with pytest.raises(error, match=message):
        Queue(**parameters)
