"""The arbiter against its rule: the first input that is valid."""

import random
from itertools import pairwise

import pytest
from amaranth.hdl import ClockDomain, Module

from hw.stream.arbiter import Arbiter
from verif.hw.stream.stream_bench import Receiver, Sender
from verif.simulation import simulate


@pytest.mark.parametrize("inputs", [1, 2, 3, 5])
def test_nothing_is_lost_and_each_stream_keeps_its_order(inputs):
    """Every payload that is taken comes out in the same cycle; the output offers what the rule says."""
    arbiter = Arbiter(shape=16, inputs=inputs)
    rng = random.Random(inputs)
    senders = [Sender(port, rng) for port in arbiter.i]
    receiver = Receiver(arbiter.o, rng)
    chosen = [[] for _ in arbiter.i]
    behind = 0

    async def rule(ctx):
        nonlocal behind
        valids = [port.valid for port in arbiter.i]
        readies = [port.ready for port in arbiter.i]
        payloads = [port.payload for port in arbiter.i]
        async for _, _, valid, ready, payload, *ports in ctx.tick().sample(
            arbiter.o.valid, arbiter.o.ready, arbiter.o.payload, *valids, *readies, *payloads
        ):
            offers, takes, values = ports[:inputs], ports[inputs : 2 * inputs], ports[2 * inputs :]
            assert valid == any(offers)
            first = next((n for n, offer in enumerate(offers) if offer), inputs)
            assert takes == [ready and n <= first for n in range(inputs)]
            if valid:
                assert payload == values[first]
                behind += sum(offers) > 1
                if ready:
                    chosen[first].append(payload)

    run(arbiter, *(sender.run for sender in senders), receiver.run, rule)
    assert [sender.sent for sender in senders] == chosen
    assert len(receiver.received) == sum(len(sender.sent) for sender in senders)
    assert all(len(sender.sent) > 20 for sender in senders)
    assert (behind > 100) == (inputs > 1)


def test_what_belongs_together_stays_together():
    """Transfers come in groups; the upper half of a payload counts those of its group that follow."""
    arbiter = Arbiter(shape=16, inputs=3, more=lambda payload: payload[8:] != 0)
    rng = random.Random(1)
    senders = [Sender(port, rng, payloads=groups(rng, n)) for n, port in enumerate(arbiter.i)]
    receiver = Receiver(arbiter.o, rng)
    m = Module()
    m.submodules.arbiter = arbiter
    simulate(m, *(sender.run for sender in senders), receiver.run)
    for before, after in pairwise(receiver.received):
        if before >> 8:
            assert after == before - 256
    for n, sender in enumerate(senders):
        assert sender.sent == [payload for payload in receiver.received if payload & 255 == n]


@pytest.mark.parametrize(
    ("error", "message", "parameters"),
    [
        (ValueError, "inputs must be at least 1, not 0", {"shape": 8, "inputs": 0}),
        (TypeError, "inputs must be an integer, not '2'", {"shape": 8, "inputs": "2"}),
        (TypeError, "inputs must be an integer, not True", {"shape": 8, "inputs": True}),
        (TypeError, "cannot be converted to an Amaranth shape", {"shape": None, "inputs": 2}),
    ],
)
def test_refuses_what_it_cannot_be(error, message, parameters):
    with pytest.raises(error, match=message):
        Arbiter(**parameters)


def groups(rng, number):
    """Payloads in groups, without an end."""
    while True:
        for left in reversed(range(rng.randint(1, 5))):
            yield left << 8 | number


def run(arbiter, *benches):
    """All but the last one run to their end."""
    m = Module()
    m.domains.sync = ClockDomain()  # the arbiter has no clock; its benches do
    m.submodules.arbiter = arbiter
    simulate(m, *benches[:-1], background=benches[-1:])
