"""The largest exponent of each row."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE
from hw.block.binary32 import BINARY32_INFINITE, binary32_layout
from hw.gemm.reorder.reorder import row_block_layout
from hw.target.delay import delay

__all__ = ["LargestExponent"]

_ROUNDS = BLOCK_SIZE.bit_length() - 1
"""Cycles in which the largest of a block is found: of two in each."""


class LargestExponent(wiring.Component):
    """The largest exponent field of each row, whose blocks pass by.

    Latency ``latency`` cycles from a row's last block, throughput a block per cycle; no flow control.

    Members
    -------
    taken: In(1), there is a block; i: In(``row_block_layout``), zeros behind the row's end
    found: Out(1), for one cycle; o: Out, the exponent field
    """

    latency = _ROUNDS + 1

    def __init__(self):
        exponent = BINARY32_INFINITE.bit_length()
        super().__init__({"taken": In(1), "i": In(row_block_layout()), "found": Out(1), "o": Out(exponent)})

    def elaborate(self, platform):
        m = Module()
        values = [data.View(binary32_layout(), bits).exponent for bits in self.i.values]
        for round_ in range(_ROUNDS):
            larger = []
            for place, (one, other) in enumerate(zip(values[0::2], values[1::2], strict=True)):
                kept = Signal.like(self.o, name=f"larger_{round_}_{place}", reset_less=True)
                m.d.sync += kept.eq(Mux(one > other, one, other))
                larger.append(kept)
            values = larger
        taken = delay(m, "taken", self.taken, _ROUNDS, reset_less=False)
        last = delay(m, "last", self.i.last, _ROUNDS)
        begins = Signal(init=1)
        m.d.sync += self.found.eq(taken & last)
        with m.If(taken):
            m.d.sync += begins.eq(last)
            with m.If(begins | (values[0] > self.o)):
                m.d.sync += self.o.eq(values[0])
        return m
