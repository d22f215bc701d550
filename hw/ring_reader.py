"""Read side of a ring buffer in block memory."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RingReader"]


class RingReader(wiring.Component):
    """Reads entries of ``hw.block_memory.BlockMemory`` memories in the order of their writes, as a stream.

    Latency from ``written`` to ``valid`` is ``latency`` cycles, throughput one entry per cycle; up to two
    entries wait in the memory's output, free to be overwritten. The writer sees to it that there is room.

    Parameters
    ----------
    depth:
        Entries of the ring, a power of two.

    Members
    -------
    written: In(1), an entry is being written
    valid: Out(1); ready: In(1), handshake of the memory's ``data``
    read_enable, read_address, output_enable: Out, for the memories
    """

    latency = 3

    def __init__(self, *, depth):
        self.depth = depth
        super().__init__({
            "written": In(1),
            "valid": Out(1),
            "ready": In(1),
            "read_enable": Out(1),
            "read_address": Out(range(depth)),
            "output_enable": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        available = Signal(range(self.depth + 1))
        accessed, advance = Signal(), Signal()
        m.d.comb += [
            self.output_enable.eq(~self.valid | self.ready),
            advance.eq(~accessed | self.output_enable),
            self.read_enable.eq((available != 0) & advance),
        ]
        m.d.sync += available.eq(available + self.written - self.read_enable)
        with m.If(advance):
            m.d.sync += accessed.eq(self.read_enable)
        with m.If(self.output_enable):
            m.d.sync += self.valid.eq(accessed)
        with m.If(self.read_enable):
            m.d.sync += self.read_address.eq(self.read_address + 1)
        return m
