"""A queue in block memory."""

from amaranth.hdl import Module, Shape
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.stream.ring_reader import RingReader
from hw.target.block_memory import BlockMemory
from hw.target.delay import delay

__all__ = ["BlockQueue"]

_SHARE = 64
"""Bits of the memory's output that have an enable of their own."""


class BlockQueue(wiring.Component):
    """Payloads in order, deeper than a ``Queue``.

    The input is no stream: it cannot stall, because a comparison of the addresses would take longer than a
    cycle should, and it says a cycle ahead that a payload comes, for the same reason (see ``RingReader``).
    The writer sees to it that there is room.

    Latency from ``data`` to ``o`` is ``latency`` cycles, throughput one payload per cycle.

    Parameters
    ----------
    shape:
        Shape of the payload.
    depth:
        Payloads that it holds, a power of two, at least 2; two more may wait in the memory's output.
    compared:
        Bits of the addresses that ``filling`` is made of.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    coming: In(1), a payload is written in the next cycle; data: In(shape), that payload, a cycle later
    o: Out(stream of shape)
    filling: Out(1), for the writer: see ``RingReader``

    Raises
    ------
    TypeError, ValueError
        ``depth`` is not an integer, or no power of two.
    """

    latency = RingReader.latency
    compared = 3

    def __init__(self, *, shape, depth, compared=compared, target="generic"):
        if not isinstance(depth, int) or isinstance(depth, bool):
            raise TypeError(f"depth must be an integer, not {depth!r}")
        if depth < 2 or depth & (depth - 1):
            raise ValueError(f"depth must be a power of two, so that addresses wrap around, not {depth!r}")
        self.depth = depth
        width = Shape.cast(shape).width
        enables = -(-width // _SHARE)
        self._memory = BlockMemory(width=width, depth=depth, enables=enables, target=target)
        self._reader = RingReader(depth=depth, enables=enables, compared=compared)
        super().__init__(
            {
                "coming": In(1),
                "data": In(shape),
                "o": Out(stream.Signature(shape)),
                "filling": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = self._memory
        m.submodules.reader = reader = self._reader
        m.d.comb += [
            memory.write_enable.eq(delay(m, "write", self.coming, 1, reset_less=False)),
            memory.write_address.eq(reader.write_address),
            memory.write_data.eq(self.data),
            memory.read_enable.eq(reader.read_enable),
            memory.read_address.eq(reader.read_address),
            memory.output_enable.eq(reader.output_enable),
            reader.coming.eq(self.coming),
            reader.ready.eq(self.o.ready),
            self.o.valid.eq(reader.valid),
            self.o.payload.eq(memory.data),
            self.filling.eq(reader.filling),
        ]
        return m
