"""Parts of rows that wait until the whole row is known."""

from amaranth.hdl import Module, Mux, Shape, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from hw.block.layouts import EXPONENT_BITS

__all__ = ["RowGatherer"]


class RowGatherer(wiring.Component):
    """Gives the parts of a row one after the other, together with the largest exponent of all of them.

    Parts may come with gaps; those of a row leave without one. There is no stall: a row leaves in as many
    cycles as the next one needs at least to be whole. Two rows fit: one that leaves, one that comes.

    Latency 2 cycles from the last part of a row to its first one, throughput one part per cycle.

    Parameters
    ----------
    parts:
        Parts of a row: a power of two, at least 2.
    shape:
        Shape of a part.
    row_shape:
        Shape of what else belongs to the row.

    Members
    -------
    valid: In(1), a part comes
    part: In(shape), exponent: In, the part's largest; row: In(row_shape), taken with the row's last part
    o_part: Out(shape), o_exponent: Out, the row's largest; o_row: Out(row_shape)
    o_last: Out(1), ``o_part`` is the last one of a row
    """

    latency = 2

    def __init__(self, *, parts, shape, row_shape):
        self.parts = parts
        self._shape = shape
        super().__init__(
            {
                "valid": In(1),
                "part": In(shape),
                "exponent": In(EXPONENT_BITS),
                "row": In(row_shape),
                "o_part": Out(shape),
                "o_exponent": Out(EXPONENT_BITS),
                "o_row": Out(row_shape),
                "o_last": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        width = Shape.cast(self._shape).width
        m.submodules.waiting = waiting = Memory(shape=width, depth=2 * self.parts, init=[])
        write, read = waiting.write_port(), waiting.read_port(domain="comb")
        number = slice(exact_log2(self.parts))
        into, out_of = Signal(range(2 * self.parts)), Signal(range(2 * self.parts))
        exponent = Signal.like(self.exponent, reset_less=True)
        row = Signal.like(self.row, reset_less=True)
        whole, leaves, first = Signal(), Signal(), Signal()
        m.d.comb += [
            write.en.eq(self.valid),
            write.addr.eq(into),
            write.data.eq(self.part),
            read.addr.eq(out_of),
            first.eq(~into[number].any()),
            # A row that has begun to leave goes on.
            leaves.eq(whole | out_of[number].any()),
        ]
        m.d.sync += [
            whole.eq(self.valid & into[number].all()),
            self.o_part.eq(read.data),
            self.o_last.eq(out_of[number].all()),
        ]
        with m.If(self.valid):
            larger = self.exponent > exponent
            m.d.sync += [
                into.eq(into + 1),
                exponent.eq(Mux(first | larger, self.exponent, exponent)),
                row.eq(self.row),
            ]
        with m.If(leaves):
            m.d.sync += out_of.eq(out_of + 1)
        with m.If(whole):
            m.d.sync += [self.o_exponent.eq(exponent), self.o_row.eq(row)]
        return m
