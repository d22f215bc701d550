"""One word of many, through registers."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.target.or_tree import word_in_turn, word_in_turn_latency
from verif.simulation import simulate

WIDTH = 7


class Words(wiring.Component):
    """Words on a port, those whose turn it is at another."""

    def __init__(self, count):
        super().__init__({"i": In(WIDTH).array(count), "closed": In(count, init=-1), "o": Out(WIDTH)})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(word_in_turn(m, "word", self.i, self.closed))
        return m


@pytest.mark.parametrize("count", [1, 2, 4, 5, 16, 17])
def test_word_whose_turn_it_is_comes_after_the_latency(count):
    """Words change in every cycle, and each has its turn three times, without a gap."""
    core = Words(count)
    latency = word_in_turn_latency(count)
    expected, seen = [], []

    async def drive(context):
        for cycle in range(3 * count + latency):
            words = [(37 * n + 11 * cycle + 1) % 2**WIDTH for n in range(count)]
            for port, word in zip(core.i, words, strict=True):
                context.set(port, word)
            context.set(core.closed, ~(1 << cycle % count) & (2**count - 1))
            expected.append(words[cycle % count])
            await context.tick()
            seen.append(context.get(core.o))

    simulate(core, drive)
    assert seen[latency - 1 :] == expected[: len(expected) - latency + 1]


@pytest.mark.parametrize(("count", "latency"), [(1, 1), (2, 2), (4, 2), (5, 3), (16, 3), (17, 4), (64, 4)])
def test_four_words_are_joined_in_a_cycle(count, latency):
    assert word_in_turn_latency(count) == latency
