"""Rows of 16 columns from array tiles."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE
from hw.array.sequencer import TileStatus
from hw.block.layouts import float_block_layout
from hw.stream.packet import packet_layout

__all__ = ["TileRows"]


class TileRows(wiring.Component):
    """Puts array tiles side by side and gives their rows, 16 columns each, in ascending order.

    One tile of 16 columns is read while the next one arrives. Latency: two cycles from the beat that
    completes it to its first row; throughput one row per cycle, and one beat of the array per cycle.

    Parameters
    ----------
    rows, cols, drain_rows:
        Those of the array; ``cols`` divides 16.

    Members
    -------
    size: In(stream), for each tile of 16 columns the array tiles that it consists of, less 1, and its
        number of rows wanted (the first ones), at least 1; taken when its last beat is
    d: In(stream of packets), the array's results; columns that no array tile fills are arbitrary
    o: Out(stream of ``float_block_layout``)
    """

    def __init__(self, *, rows, cols, drain_rows):
        self.rows = rows
        self.cols = cols
        self.drain_rows = drain_rows
        self.segments = rows // drain_rows
        self.tiles = BLOCK_SIZE // cols
        size = data.StructLayout({"more_tiles": range(max(2, self.tiles)), "rows": range(rows + 1)})
        values = data.ArrayLayout(32, self.segments * cols)
        super().__init__(
            {
                "size": In(stream.Signature(size)),
                "d": In(stream.Signature(packet_layout(values, TileStatus))),
                "o": Out(stream.Signature(float_block_layout())),
            }
        )

    def elaborate(self, platform):
        m = Module()
        depth = 1 << (self.drain_rows - 1).bit_length()
        width = self.segments * self.cols * 32
        ports = []
        for n in range(self.tiles):
            m.submodules[f"tile_{n}"] = memory = Memory(shape=width, depth=2 * depth, init=[])
            ports.append((memory.write_port(), memory.read_port(transparent_for=())))

        # Halves of the memories: one is written, the other one read.
        half_in = Signal()
        full = [Signal(name=f"full_{n}") for n in range(2)]
        wanted = [Signal(range(self.rows + 1), name=f"wanted_{n}", reset_less=True) for n in range(2)]

        tile = Signal(range(max(2, self.tiles)))
        beat = Signal(range(max(2, self.drain_rows)))
        taken, complete = Signal(), Signal()
        m.d.comb += [
            self.d.ready.eq(self.size.valid & ~Mux(half_in, full[1], full[0])),
            taken.eq(self.d.valid & self.d.ready),
            complete.eq(taken & self.d.p.last & (tile == self.size.p.more_tiles)),
            self.size.ready.eq(complete),
        ]
        for n, (write, _) in enumerate(ports):
            m.d.comb += [
                write.en.eq(taken & (tile == n)),
                write.addr.eq(Cat(beat[: depth.bit_length() - 1], half_in)),
                write.data.eq(self.d.p.data),
            ]
        with m.If(taken):
            m.d.sync += beat.eq(Mux(self.d.p.last, 0, beat + 1))
            with m.If(self.d.p.last):
                m.d.sync += tile.eq(Mux(complete, 0, tile + 1))
        with m.If(complete):
            m.d.sync += half_in.eq(~half_in)
            for n in range(2):
                with m.If(half_in == n):
                    m.d.sync += [full[n].eq(1), wanted[n].eq(self.size.p.rows)]

        # The row that is shown, and the one that follows it. Every cycle reads the row to show in the next
        # one: nothing as wide as a row waits for ``ready``.
        place = data.StructLayout(
            {
                "row": range(self.rows + 1),
                "within": range(max(2, self.drain_rows)),
                "segment": range(max(2, self.segments)),
                "half": 1,
            }
        )
        shown, after, coming = (Signal(place, name=name) for name in ("shown", "after", "coming"))
        advance, final = Signal(), Signal()
        m.d.comb += [
            advance.eq(self.o.valid & self.o.ready),
            final.eq(shown.row + 1 == Mux(shown.half, wanted[1], wanted[0])),
            after.row.eq(shown.row + 1),
            after.within.eq(shown.within + 1),
            after.segment.eq(shown.segment),
            after.half.eq(shown.half),
        ]
        with m.If(shown.within == self.drain_rows - 1):
            m.d.comb += [after.within.eq(0), after.segment.eq(shown.segment + 1)]
        with m.If(final):
            m.d.comb += [after.eq(0), after.half.eq(~shown.half)]
        m.d.comb += coming.eq(Mux(advance, after, shown))
        m.d.sync += [shown.eq(coming), self.o.valid.eq(Mux(coming.half, full[1], full[0]))]
        with m.If(advance & final):
            for n in range(2):
                with m.If(shown.half == n):
                    m.d.sync += full[n].eq(0)

        layout = data.ArrayLayout(32 * self.cols, self.segments)
        parts = []
        for _, read in ports:
            m.d.comb += read.addr.eq(Cat(coming.within[: depth.bit_length() - 1], coming.half))
            parts.append(data.View(layout, read.data)[shown.segment])
        m.d.comb += self.o.p.as_value().eq(Cat(parts))
        return m
