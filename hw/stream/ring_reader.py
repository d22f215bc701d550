"""Read side of a ring buffer in block memory."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RingReader"]


class RingReader(wiring.Component):
    """Reads entries of ``BlockMemory`` memories in the order of their writes, as a stream.

    Latency from the write of an entry to ``valid`` is ``latency`` cycles, throughput one entry per cycle; up
    to two entries wait in the memory's output, free to be overwritten. The writer sees to it that there is
    room.

    Entries are not counted, which would take longer than a cycle should: a register says whether none
    waits, and others say, bit by bit, whether only one does. That takes each write a cycle ahead.

    Parameters
    ----------
    depth:
        Entries of the ring, a power of two.
    enables:
        Equal bits of ``output_enable``, each for its share of the memories' outputs.
    compared:
        Bits of the addresses that ``filling`` is made of.

    Members
    -------
    coming: In(1), an entry is written in the next cycle
    valid: Out(1); ready: In(1), handshake of the memory's ``data``
    read_enable, read_address, output_enable: Out, for the memories
    write_address: Out, of the entry that is written now or next
    filling: Out(1), high while half of ``depth`` wait or more, low with a step fewer than that, which is
        ``depth / 2**compared``; for writers that never let all but a step of ``depth`` wait
    """

    latency = 3

    def __init__(self, *, depth, enables=1, compared=3):
        self.depth = depth
        self.enables = enables
        self.compared = compared
        super().__init__(
            {
                "coming": In(1),
                "valid": Out(1),
                "ready": In(1),
                "read_enable": Out(1),
                "read_address": Out(range(depth)),
                "output_enable": Out(enables),
                "write_address": Out(range(depth)),
                "filling": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        # The addresses of the next read and of the one after it, and of the next write.
        following, later = (
            Signal(range(self.depth), name=f"read_address_{n}", init=n % self.depth) for n in (1, 2)
        )
        next_write = Signal(range(self.depth))
        # ``same`` says whether reading one more entry leaves none.
        none, same = Signal(name="none", init=1), Signal(range(self.depth), name="same")
        written, accessed, full = (Signal(name=name) for name in ("written", "accessed", "full"))
        # ``valid`` in the other polarity, for the memories alone, which are far from the rest. More
        # bits follow from themselves, so that no tool takes them for one register.
        empty = Signal(self.enables, init=(1 << self.enables) - 1)
        advance, access, output = (Signal(name=name) for name in ("advance", "access", "output"))
        compared = min(self.compared, len(self.write_address))
        steps = Signal(compared)
        m.d.comb += [
            advance.eq(~full | self.ready),
            access.eq(~none | ~advance),
            output.eq(accessed | (self.valid & ~self.ready)),
            self.read_enable.eq(~none & advance),
            self.output_enable.eq(empty | self.ready.replicate(self.enables)),
            steps.eq(self.write_address[-compared:] - self.read_address[-compared:]),
            self.filling.eq(steps[-1]),
        ]
        m.d.sync += [
            written.eq(self.coming),
            self.write_address.eq(next_write),
            same.eq(~(Mux(self.read_enable, later, following) ^ next_write)),
            none.eq(~written & (none | (advance & same.all()))),
            accessed.eq(access),
            self.valid.eq(output),
            empty.eq(Cat(~output, self.output_enable[1:] & ~accessed.replicate(self.enables - 1))),
            full.eq(access & output),
        ]
        with m.If(self.coming):
            m.d.sync += next_write.eq(next_write + 1)
        with m.If(self.read_enable):
            m.d.sync += [self.read_address.eq(following), following.eq(later), later.eq(later + 1)]
        return m
