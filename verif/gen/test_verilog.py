"""The Verilog text of components."""

import re

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from gen.verilog import to_verilog


class Store(wiring.Component):
    """A memory of ``init``'s words."""

    def __init__(self, init, width=8):
        self.init = init
        super().__init__({"address": In(range(len(init))), "word": Out(width)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = memory.Memory(shape=len(self.word), depth=len(self.init), init=self.init)
        read, write = words.read_port(), words.write_port()
        m.d.comb += [read.addr.eq(self.address), self.word.eq(read.data)]
        m.d.comb += [write.addr.eq(self.address), write.data.eq(self.word + 1), write.en.eq(1)]
        return m


def words_set(text):
    """Values of the words of a memory that its initial block sets."""
    return {
        int(n): int(value, 16)
        for n, value in re.findall(r"^ +words\[(\d+)\] = 8'h(\w+);", text, re.MULTILINE)
    }


@pytest.mark.parametrize("init", [[1], [0, 0, 3], [0] * 299 + [1], [7] * 300])
def test_memory_of_other_values_is_set(init):
    assert words_set(to_verilog(Store(init), "store")) == dict(enumerate(init))


@pytest.mark.parametrize("width", [1, 8, 32, 64])  # Yosys writes 32 bits as a decimal number
@pytest.mark.parametrize("words", [1, 2, 300])
def test_memory_of_zeros_is_not(words, width):
    text = to_verilog(Store([0] * words, width), "store")
    assert "words" in text
    assert "initial begin" not in text


class PartlyChosen(wiring.Component):
    """A signal with a bit that is chosen and one that is a register's."""

    def __init__(self):
        super().__init__({"choice": In(2), "o": Out(2)})

    def elaborate(self, platform):
        m = Module()
        held = Signal()
        m.d.sync += held.eq(self.choice[0])
        m.d.comb += self.o[1].eq(held)
        with m.Switch(self.choice):
            for n in range(4):
                with m.Case(n):
                    m.d.comb += self.o[0].eq(n % 3 == 1)
        return m


def test_every_block_has_something_that_wakes_it():
    """Also one that assigns what never changes: SystemVerilog sets initial values before any block waits."""
    text = to_verilog(PartlyChosen(), "partly")
    blocks = re.findall(r"always @\*(?: begin)?\n +(.*)", text)
    assert len(blocks) >= 2
    assert all(re.fullmatch(r"if \(\\\$auto\S+ \) begin end", first) for first in blocks), blocks


class Empty(wiring.Component):
    """A delay with an index of no bits, as of the one place of a memory of one word."""

    i: In(1)
    o: Out(1)

    def elaborate(self, platform):
        m = Module()
        index = Signal(range(1))
        m.d.sync += [index.eq((index + 1)[:0]), self.o.eq(self.i)]
        delayed = Signal(range(1))
        m.d.comb += delayed.eq(index)
        return m


def test_signals_of_no_bits_are_left_out():
    text = to_verilog(Empty(), "empty")
    assert "[-1:0]" not in text
    assert "index" not in text
    assert "output o;" in text


class Constant(wiring.Component):
    """A selection by what never changes, which becomes an ``always`` block."""

    i: In(1)
    o: Out(2)

    def elaborate(self, platform):
        m = Module()
        state = Signal(2, init=1)
        with m.If(state == 1):
            m.d.comb += self.o.eq(2)
        with m.If(self.i):
            m.d.sync += state.eq(1)
        return m


def test_what_wakes_blocks_is_set_by_a_statement_at_the_end():
    text = to_verilog(Constant(), "constant")
    (name,) = re.findall(r"^  reg (\\\$auto\S+) ;$", text, re.MULTILINE)
    assert f"    if ({name} ) begin end\n" in text
    assert text.endswith(f"\n  initial {name} = 1'b0;\nendmodule\n")
