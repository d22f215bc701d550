"""Rows of 16 columns from array tiles."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE
from hw.layouts import float_block_layout, packet_layout
from hw.sequencer import TileStatus

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
        super().__init__({
            "size": In(stream.Signature(size)),
            "d": In(stream.Signature(packet_layout(values, TileStatus))),
            "o": Out(stream.Signature(float_block_layout())),
        })

    def elaborate(self, platform):
        m = Module()
        depth = 1 << (self.drain_rows - 1).bit_length()
        width = self.segments * self.cols * 32
        ports = []
        for n in range(self.tiles):
            m.submodules[f"tile_{n}"] = memory = Memory(shape=width, depth=2 * depth, init=[])
            ports.append((memory.write_port(), memory.read_port(transparent_for=())))

        # Halves of the memories: one is written, the other one read.
        half_in, half_out = Signal(), Signal()
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
                write.addr.eq(Cat(beat[:depth.bit_length() - 1], half_in)),
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

        row = Signal(range(self.rows + 1))
        within = Signal(range(max(2, self.drain_rows)))
        segment = Signal(range(max(2, self.segments)))
        shown = Signal.like(segment)
        fetch, final = Signal(), Signal()
        m.d.comb += [
            fetch.eq(Mux(half_out, full[1], full[0]) & (~self.o.valid | self.o.ready)),
            final.eq(row + 1 == Mux(half_out, wanted[1], wanted[0])),
        ]
        with m.If(fetch):
            m.d.sync += [self.o.valid.eq(1), shown.eq(segment), row.eq(row + 1), within.eq(within + 1)]
            with m.If(within == self.drain_rows - 1):
                m.d.sync += [within.eq(0), segment.eq(segment + 1)]
            with m.If(final):
                m.d.sync += [row.eq(0), within.eq(0), segment.eq(0), half_out.eq(~half_out)]
                for n in range(2):
                    with m.If(half_out == n):
                        m.d.sync += full[n].eq(0)
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)

        layout = data.ArrayLayout(32 * self.cols, self.segments)
        parts = []
        for _, read in ports:
            m.d.comb += [read.en.eq(fetch), read.addr.eq(Cat(within[:depth.bit_length() - 1], half_out))]
            parts.append(data.View(layout, read.data)[shown])
        m.d.comb += self.o.p.as_value().eq(Cat(parts))
        return m
