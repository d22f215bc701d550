"""A vector of scales, biases or gates, given again for each row of a tile."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2, exact_log2

from golden.formats import BLOCK_SIZE
from hw.block.binary32 import BINARY32_BITS

__all__ = ["RepeatedVector", "vector_slice_layout"]


def vector_slice_layout(*, rows, width) -> data.StructLayout:
    """``width`` elements of a vector for a tile whose last row is number ``last_row``; ``last`` ends it."""
    return data.StructLayout(
        {"values": data.ArrayLayout(BINARY32_BITS, width), "last": 1, "last_row": range(max(2, rows))}
    )


class RepeatedVector(wiring.Component):
    """For each row of a tile a vector of 16 elements in slices; or, ``by_row``, the row's element in all.

    Holds two vectors, so that the next tile's comes while this one's is given. The first slice is given a
    cycle after the last one has come; throughput one slice per cycle. No handshake depends on the other side
    within a cycle.

    Parameters
    ----------
    rows:
        Most rows of a tile.
    width:
        Elements that come at a time, a power of two up to 16.
    lanes:
        Elements of a slice that is given, a power of two up to ``width``.
    rows_too:
        Whether vectors may have an element for each row, instead of each column: 16 or a multiple of it.

    Members
    -------
    by_row: In(1), with ``rows_too``; holds still while anything is under way
    i: In(stream of ``vector_slice_layout``); o: Out(stream of ``lanes`` binary32)
    """

    def __init__(self, *, rows, width, lanes, rows_too=False):
        self.rows = rows
        self.width = width
        self.lanes = lanes
        self.rows_too = rows_too
        super().__init__(
            {
                "i": In(stream.Signature(vector_slice_layout(rows=rows, width=width))),
                "o": Out(stream.Signature(data.ArrayLayout(BINARY32_BITS, lanes))),
                **({"by_row": In(1)} if rows_too else {}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        slices = BLOCK_SIZE // self.lanes
        blocks = 1 << ceil_log2(-(-self.rows // BLOCK_SIZE)) if self.rows_too else 1
        place_bits = exact_log2(BLOCK_SIZE // self.width * blocks)
        m.submodules.words = words = Memory(shape=BINARY32_BITS * self.width, depth=2 << place_bits, init=[])
        write, read = words.write_port(), words.read_port(domain="comb")

        into, out_of = Signal(), Signal()  # which of the two
        full = Signal(2)
        written, place = Signal(place_bits), Signal(range(max(2, slices)))
        row, last_rows = Signal(range(max(2, self.rows))), []
        taken, given, row_ends, ends = (Signal(name=name) for name in ("taken", "given", "row_ends", "ends"))
        for n in range(2):
            last_row = Signal.like(row, name=f"last_row_{n}", reset_less=True)
            with m.If(taken & (into == n)):
                m.d.sync += last_row.eq(self.i.p.last_row)
            last_rows.append(last_row)
        m.d.comb += [
            self.i.ready.eq(~full.bit_select(into, 1)),
            taken.eq(self.i.valid & self.i.ready),
            write.en.eq(taken),
            write.addr.eq(Cat(written, into)),
            write.data.eq(self.i.p.values.as_value()),
            self.o.valid.eq(full.bit_select(out_of, 1)),
            given.eq(self.o.valid & self.o.ready),
            row_ends.eq(place == slices - 1),
            ends.eq(row_ends & (row == Mux(out_of, last_rows[1], last_rows[0]))),
        ]
        with m.If(taken):
            m.d.sync += written.eq(Mux(self.i.p.last, 0, written + 1)[:place_bits])
            with m.If(self.i.p.last):
                m.d.sync += [into.eq(~into), full.bit_select(into, 1).eq(1)]
        with m.If(given):
            m.d.sync += place.eq(Mux(row_ends, 0, place + 1))
            with m.If(row_ends):
                m.d.sync += row.eq(Mux(ends, 0, row + 1))
            with m.If(ends):
                m.d.sync += [out_of.eq(~out_of), full.bit_select(out_of, 1).eq(0)]
        self._read(m, read, place[: exact_log2(slices)], row, out_of)
        return m

    def _read(self, m, read, place, row, out_of):
        """The slice at ``place``, or the element of ``row`` as many times as a slice has elements."""
        width_bits, beside = exact_log2(self.width), exact_log2(self.width // self.lanes)
        values = read.data.word_select(place[:beside], BINARY32_BITS * self.lanes) if beside else read.data
        address = Signal(len(read.addr) - 1)
        m.d.comb += [address.eq(place[beside:]), read.addr.eq(Cat(address, out_of))]
        if self.rows_too:
            element = read.data.word_select(row[:width_bits], BINARY32_BITS) if width_bits else read.data
            with m.If(self.by_row):
                m.d.comb += address.eq(row[width_bits:])
            values = Mux(self.by_row, element.replicate(self.lanes), values)
        m.d.comb += self.o.p.as_value().eq(values)
