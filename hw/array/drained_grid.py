"""A grid whose rows of results leave as a stream."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.array.grid import Grid
from hw.array.sequencer import TileStatus
from hw.stream.packet import packet_layout
from hw.stream.queue import Queue
from hw.stream.ring_reader import RingReader
from hw.target.delay import delay

__all__ = ["DrainedGrid"]

ROOM_TILES = 3
"""Tiles for which there is room where one may start: it and those that may start before it is counted."""


class DrainedGrid(wiring.Component):
    """A ``Grid``, the rings that its rows go to, and the room that they have.

    Latency from the operands of a tile's last pass at row 0 to its first row ``latency_of`` cycles;
    throughput a pass and a row of every drain segment per cycle. A tile that has started is never stalled:
    it may start where ``room`` says so, which counts it two cycles later.

    Parameters
    ----------
    rows, cols, drain_rows, k_blocks, fraction_bits, product_stages, target:
        As for ``hw.array.grid.Grid``.
    reaction:
        Cycles from a tile's ``start`` to its first operands at row 0.

    Attributes
    ----------
    depth:
        Rows of results that each ring holds.

    Members
    -------
    a, b, row_distance, column_distance, control, row_reference, column_reference, row_taken, column_taken,
    tile_taken: as of ``hw.array.grid.Grid``
    start: In(1), a tile starts; room: Out(1), one more may
    tile: In(1), with ``status`` In(TileStatus): that of the next tile, no later than its last operands
    d: Out(stream of packets), per beat one row of every drain segment, ``cols`` binary32 each, segment 0
        and column 0 lowest, rows ascending; user = TileStatus; last = the tile's last beat
    """

    @staticmethod
    def latency_of(*, rows, cols, drain_rows, product_stages):
        """Cycles from the operands of a tile's last pass at row 0 to its first row at ``d``."""
        grid = Grid.latency_of(rows=rows, cols=cols, drain_rows=drain_rows, product_stages=product_stages)
        return grid + RingReader.latency

    def __init__(
        self,
        *,
        rows,
        cols,
        drain_rows,
        k_blocks,
        fraction_bits,
        product_stages,
        reaction,
        target="generic",
    ):
        self.rows = rows
        self.cols = cols
        self.drain_rows = drain_rows
        self.segments = rows // drain_rows
        latency = reaction + self.latency_of(
            rows=rows, cols=cols, drain_rows=drain_rows, product_stages=product_stages
        )
        self.depth = 1 << ceil_log2(latency + 4 * drain_rows)
        self._grid = Grid(
            rows=rows,
            cols=cols,
            drain_rows=drain_rows,
            k_blocks=k_blocks,
            fraction_bits=fraction_bits,
            results=self.depth,
            product_stages=product_stages,
            target=target,
        )
        self.distance_delay = self._grid.distance_delay
        self._passed = ("a", "b", "row_distance", "column_distance", "control")
        self._passed += ("row_reference", "column_reference", "row_taken", "column_taken", "tile_taken")
        values = data.ArrayLayout(32, self.segments * cols)
        super().__init__(
            {name: self._grid.signature.members[name] for name in self._passed}
            | {
                "start": In(1),
                "room": Out(1),
                "tile": In(1),
                "status": In(TileStatus),
                "d": Out(stream.Signature(packet_layout(values, TileStatus))),
            }
        )

    @property
    def macs_per_pass(self):
        """Multiply-accumulates in one cycle."""
        return self._grid.macs_per_pass

    @property
    def shared_modules(self):
        """Modules placed many times, by the name of their Verilog module."""
        return self._grid.shared_modules

    def elaborate(self, platform):
        m = Module()
        m.submodules.grid = grid = self._grid
        for name in self._passed:
            _connect(m, getattr(self, name), getattr(grid, name), self.signature.members[name].flow)
        m.submodules.reader = reader = RingReader(depth=self.depth)
        reserved = Signal(range(self.depth + 1))
        sent = Signal()
        m.d.comb += [
            reader.coming.eq(grid.coming),
            grid.read_enable.eq(reader.read_enable),
            grid.read_address.eq(reader.read_address),
            grid.output_enable.eq(reader.output_enable),
            self.d.valid.eq(reader.valid),
            reader.ready.eq(self.d.ready),
            sent.eq(self.d.valid & self.d.ready),
        ]
        ascending = [value for segment in grid.values for value in segment]
        m.d.comb += [self.d.p.data[n].eq(value) for n, value in enumerate(ascending)]

        # ``room`` is two cycles behind: it keeps space for the tiles that may start in the meantime.
        started = delay(m, "started", self.start, 1, reset_less=False)
        m.d.sync += [
            reserved.eq(reserved + (self.drain_rows * started) - sent),
            self.room.eq(reserved <= self.depth - ROOM_TILES * self.drain_rows),
        ]

        m.submodules.statuses = statuses = Queue(
            shape=TileStatus, depth=max(2, -(-self.depth // self.drain_rows))
        )
        beat = Signal(range(max(2, self.drain_rows)))
        m.d.comb += [
            statuses.i.valid.eq(self.tile),
            statuses.i.p.eq(self.status),
            statuses.o.ready.eq(sent & self.d.p.last),
            self.d.p.user.eq(statuses.o.p),
            self.d.p.last.eq(beat == self.drain_rows - 1),
        ]
        with m.If(sent):
            m.d.sync += beat.eq(beat + 1)
            with m.If(self.d.p.last):
                m.d.sync += beat.eq(0)
        return m


def _connect(m, ours, theirs, flow):
    """A port of the grid, or an array of these, with the same of ours."""
    if isinstance(ours, (list, tuple)):
        for our, their in zip(ours, theirs, strict=True):
            _connect(m, our, their, flow)
    else:
        m.d.comb += theirs.eq(ours) if flow == In else ours.eq(theirs)
