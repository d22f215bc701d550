"""Blocks of rows, a few elements per cycle."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE
from hw.block.binary32 import BINARY32_BITS
from hw.functions.row_sums import row_beat_layout
from hw.gemm.reorder.reorder import row_block_layout

__all__ = ["BlockSlices"]


class BlockSlices(wiring.Component):
    """Each block as its slices of ``lanes`` elements, the first of which comes in the next cycle.

    No slice but a row's last one may stall: a row's blocks are given at least as many cycles apart as a
    block has slices, and a row's first one after the last slice of the row before.

    Parameters
    ----------
    lanes:
        Elements of a slice, a divisor of 16, at most 8.

    Members
    -------
    given: In(1), there is a block; i: In(``row_block_layout``), that block
    o: Out(stream of ``row_beat_layout(lanes)``), without ``user``
    """

    def __init__(self, *, lanes):
        self.lanes = lanes
        super().__init__(
            {
                "given": In(1),
                "i": In(row_block_layout()),
                "o": Out(stream.Signature(row_beat_layout(lanes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        slices, bits = BLOCK_SIZE // self.lanes, BINARY32_BITS * self.lanes
        block = Signal(BINARY32_BITS * BLOCK_SIZE, reset_less=True)
        last = Signal(reset_less=True)
        left = Signal(range(slices + 1))
        m.d.comb += [
            self.o.valid.eq(left != 0),
            self.o.p.data.as_value().eq(block[:bits]),
            self.o.p.last.eq(last & (left == 1)),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += left.eq(left - 1)
        with m.If(self.given | self.o.ready):
            m.d.sync += block.eq(Mux(self.given, self.i.values.as_value(), block >> bits))
        with m.If(self.given):
            m.d.sync += [left.eq(slices), last.eq(self.i.last)]
        return m
