"""The Verilog text of components."""

import re

import pytest
from amaranth.hdl import Module
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from gen.verilog import to_verilog


class Store(wiring.Component):
    """A memory of ``init``'s words."""

    def __init__(self, init):
        self.init = init
        super().__init__({"address": In(range(len(init))), "word": Out(8)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = memory.Memory(shape=8, depth=len(self.init), init=self.init)
        read, write = words.read_port(), words.write_port()
        m.d.comb += [read.addr.eq(self.address), self.word.eq(read.data)]
        m.d.comb += [write.addr.eq(self.address), write.data.eq(self.word + 1), write.en.eq(1)]
        return m


def words_set(text):
    """Values of the words of a memory by its initial block, as a simulator would set them."""
    (block,) = re.findall(r"^  initial begin.*?^  end$", text, re.MULTILINE | re.DOTALL)
    values = {int(n): int(value, 16) for n, value in re.findall(r"\[(\d+)\] = 8'h(\w+);", block)}
    loop = re.search(r"for \(word = 0; word < (\d+); word = word \+ 1\) \S+\[word\] = 8'h(\w+);", block)
    if loop:
        assert not values
        values = dict.fromkeys(range(int(loop[1])), int(loop[2], 16))
    return values, bool(loop)


@pytest.mark.parametrize(
    ("init", "in_a_loop"),
    [
        ([0] * 256, False),
        ([0] * 257, True),
        ([0] * 300, True),
        ([0] * 299 + [1], False),
        ([7] * 300, False),
    ],
)
def test_large_memory_is_cleared_in_a_loop(init, in_a_loop):
    assert words_set(to_verilog(Store(init), "store")) == (dict(enumerate(init)), in_a_loop)
