"""A vector that every row meets."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE
from hw.block.binary32 import BINARY32_BITS
from hw.gemm.reorder.reorder import row_block_layout
from hw.target.block_memory import BlockMemory

__all__ = ["VectorMemory"]


class VectorMemory(wiring.Component):
    """A vector, written once, and read again and again, ``lanes`` elements per cycle, for each row once.

    Latency ``latency`` cycles from ``reads``; a block is written in ``16 / lanes`` cycles.

    Parameters
    ----------
    columns:
        Longest vector.
    lanes:
        Elements per cycle, a divisor of 16.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    i: In(stream of ``row_block_layout``), ``last`` ends the vector
    reads: In(1), the next elements are wanted; ends: In(1), with it: they are a row's last ones
    o: Out(``lanes`` binary32)
    """

    latency = BlockMemory.latency

    def __init__(self, *, columns, lanes, target="generic"):
        self.lanes = lanes
        self._slices = BLOCK_SIZE // lanes
        depth = max(2, -(-columns // BLOCK_SIZE) * self._slices)
        self._memory = BlockMemory(width=BINARY32_BITS * lanes, depth=depth, target=target)
        super().__init__(
            {
                "i": In(stream.Signature(row_block_layout())),
                "reads": In(1),
                "ends": In(1),
                "o": Out(data.ArrayLayout(BINARY32_BITS, lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = self._memory
        number = Signal(range(max(2, self._slices)))
        last = Signal()
        write_at, read_at = (Signal.like(memory.read_address, name=name) for name in ("write_at", "read_at"))
        slices = data.View(data.ArrayLayout(BINARY32_BITS * self.lanes, self._slices), self.i.p.values)
        m.d.comb += [
            last.eq(number == self._slices - 1),
            self.i.ready.eq(last),
            memory.write_enable.eq(self.i.valid),
            memory.write_address.eq(write_at),
            memory.write_data.eq(slices[number]),
            memory.read_enable.eq(1),
            memory.read_address.eq(read_at),
            memory.output_enable.eq(1),
            self.o.as_value().eq(memory.data),
        ]
        with m.If(self.i.valid):
            m.d.sync += [
                number.eq(Mux(last, 0, number + 1)),
                write_at.eq(Mux(last & self.i.p.last, 0, write_at + 1)),
            ]
        with m.If(self.reads):
            m.d.sync += read_at.eq(Mux(self.ends, 0, read_at + 1))
        return m
