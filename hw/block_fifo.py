"""A FIFO in block memory."""

from amaranth.hdl import Module, Shape, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.block_memory import BlockMemory
from hw.ring_reader import RingReader

__all__ = ["BlockFifo"]


class BlockFifo(wiring.Component):
    """Entries in order. There is no back-pressure at the input: the writer sees to it that there is room.

    Latency from ``write`` to the output is ``latency`` cycles, throughput one entry per cycle.

    Parameters
    ----------
    shape:
        Shape of an entry.
    depth:
        Entries that it holds, a power of two.
    target:
        One of ``hw.targets.TARGETS``.

    Members
    -------
    write: In(1); data: In(shape)
    o: Out(stream of shape)
    """

    latency = RingReader.latency

    def __init__(self, *, shape, depth, target="generic"):
        self.depth = depth
        self._memory = BlockMemory(width=Shape.cast(shape).width, depth=depth, target=target)
        super().__init__({"write": In(1), "data": In(shape), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = self._memory
        m.submodules.reader = reader = RingReader(depth=self.depth)
        address = Signal(range(self.depth))
        with m.If(self.write):
            m.d.sync += address.eq(address + 1)
        m.d.comb += [
            memory.write_enable.eq(self.write),
            memory.write_address.eq(address),
            memory.write_data.eq(self.data),
            memory.read_enable.eq(reader.read_enable),
            memory.read_address.eq(reader.read_address),
            memory.output_enable.eq(reader.output_enable),
            reader.written.eq(self.write),
            reader.ready.eq(self.o.ready),
            self.o.valid.eq(reader.valid),
            self.o.payload.eq(memory.data),
        ]
        return m
