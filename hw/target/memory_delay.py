"""A fixed delay in block memory."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.target.block_memory import BlockMemory

__all__ = ["MemoryDelay"]


class MemoryDelay(wiring.Component):
    """``o`` is ``i`` as it was ``cycles`` cycles ago; arbitrary for ``cycles`` cycles after reset.

    A ring that is written and read in every cycle, half of it apart. Throughput one word per cycle; no
    flow control. For wide words this saves the registers of ``hw.target.delay.delay``.

    Parameters
    ----------
    width:
        Bits of a word.
    cycles:
        The delay: 2 and a power of two (3, 4, 6, 10...), so that half a ring needs no arithmetic.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    i: In(width); o: Out(width)

    Raises
    ------
    ValueError
        ``cycles`` is another number.
    """

    def __init__(self, *, width, cycles, target="generic"):
        half = cycles - BlockMemory.latency
        if half < 1 or half & (half - 1):
            raise ValueError(f"cycles must be 2 + a power of two (3, 4, 6, 10...), not {cycles!r}")
        self.width = width
        self.cycles = cycles
        self.target = target
        self._half = half
        super().__init__({"i": In(width), "o": Out(width)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.ring = ring = BlockMemory(width=self.width, depth=2 * self._half, target=self.target)
        address = Signal(range(2 * self._half))
        m.d.sync += address.eq(address + 1)
        m.d.comb += [
            ring.write_enable.eq(1),
            ring.write_address.eq(address),
            ring.write_data.eq(self.i),
            ring.read_enable.eq(1),
            ring.read_address.eq(address ^ self._half),
            ring.output_enable.eq(1),
            self.o.eq(ring.data),
        ]
        return m
