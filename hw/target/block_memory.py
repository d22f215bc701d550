"""A block memory with its output register."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.target.targets import TARGETS, check_target

__all__ = ["BlockMemory"]


class BlockMemory(wiring.Component):
    """``data = memory[read_address]``, two cycles later: one port writes, the other reads.

    Each of the two cycles of a read has an enable: ``read_enable`` for the access, ``output_enable`` for
    the register behind it. Reading where a write goes on in the same cycle gives any value: users must not
    need it. Throughput one write and one read per cycle.

    Parameters
    ----------
    width, depth:
        Bits of a word, and words.
    enables:
        Bits of ``output_enable``, which must be equal: each may be for its share of ``data``.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    write_enable, write_address, write_data: In
    read_enable, read_address, output_enable: In
    data: Out(width)
    """

    latency = 2

    def __init__(self, *, width, depth, enables=1, target="generic"):
        check_target(target)
        self.width = width
        self.depth = depth
        self.enables = enables
        self.target = target
        super().__init__(
            {
                "write_enable": In(1),
                "write_address": In(range(depth)),
                "write_data": In(width),
                "read_enable": In(1),
                "read_address": In(range(depth)),
                "output_enable": In(enables),
                "data": Out(width),
            }
        )

    def elaborate(self, platform):
        m = Module()
        TARGETS[self.target].block_memory(m, self)
        return m
