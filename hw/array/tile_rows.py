"""Rows of 16 columns from array tiles."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2, exact_log2

from golden.formats import BLOCK_SIZE
from hw.array.sequencer import TileStatus
from hw.stream.memory_read import MemoryRead
from hw.stream.packet import packet_layout
from hw.target.block_memory import BlockMemory

__all__ = ["TileRows"]


class TileRows(wiring.Component):
    """Puts array tiles side by side and gives their rows, 16 columns each, in ascending order, part by part.

    A tile of 16 columns is read while the next one arrives. ``words`` columns are written and read per
    cycle: where these are more than a tile has, it is written for several segments at once. What tile t has
    for segment s goes to bank (t + s) mod L of L: what is written at once, one tile's columns of several
    rows, and what is read at once, several tiles' columns of one row, lies in different banks.

    Latency: three cycles from the last write of a tile to its first row; throughput one part per cycle.

    Parameters
    ----------
    rows, cols, drain_rows:
        Those of the array; ``cols`` divides 16.
    words:
        Columns of a part: 4, 8 or 16.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    size: In(stream), for each tile of 16 columns the array tiles that it consists of, less 1, and its
        number of rows wanted (the first ones), at least 1; taken when its last beat is
    d: In(stream of packets), the array's results; columns that no array tile fills are arbitrary
    o: Out(stream of ``words`` binary32)
    """

    def __init__(self, *, rows, cols, drain_rows, words=BLOCK_SIZE, target="generic"):
        self.rows = rows
        self.cols = cols
        self.drain_rows = drain_rows
        self.words = words
        self.target = target
        self.segments = rows // drain_rows
        self.tiles = BLOCK_SIZE // cols
        self._banks = max(1, words // cols)
        self._chunk = min(words, cols)
        size = data.StructLayout({"more_tiles": range(max(2, self.tiles)), "rows": range(rows + 1)})
        values = data.ArrayLayout(32, self.segments * cols)
        # Where part of a row lies in a bank.
        self._place = data.StructLayout(
            {
                "part": exact_log2(BLOCK_SIZE // words),
                "within": ceil_log2(drain_rows),
                "segment": ceil_log2(self.segments),
                "half": 1,
            }
        )
        super().__init__(
            {
                "size": In(stream.Signature(size)),
                "d": In(stream.Signature(packet_layout(values, TileStatus))),
                "o": Out(stream.Signature(data.ArrayLayout(32, words))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        banks = []
        for n in range(self._banks):
            bank = BlockMemory(width=32 * self._chunk, depth=1 << self._place.size, target=self.target)
            m.submodules[f"bank_{n}"] = bank
            banks.append(bank)
        # Halves of the memories: one is written, the other one read.
        full, filled, read = (Signal(2, name=name) for name in ("full", "filled", "read"))
        last_row = [Signal(range(max(2, self.rows)), name=f"last_row_{n}", reset_less=True) for n in range(2)]
        # Whether the half is free that is written now, or next.
        free = Signal(init=1)
        half_in = self._write(m, banks, free, filled)
        for n in range(2):
            with m.If(filled[n]):
                m.d.sync += last_row[n].eq((self.size.p.rows - 1)[: len(last_row[n])])
        self._read(m, banks, full, read, last_row)
        other_full = full.bit_select(~half_in, 1)
        m.d.sync += [
            half_in.eq(half_in ^ filled.any()),
            full.eq((full | filled) & ~read),
            # While it is free, what is read is the other one.
            free.eq(Mux(filled.any(), ~other_full, free) | read.any()),
        ]
        return m

    def _write(self, m, banks, free, filled):
        """Write the beats of the array, in steps; the half that is written."""
        lanes, chunks = self._banks, self.cols // self._chunk
        groups = -(-self.segments // lanes)  # of segments that are written at once
        group, chunk = Signal(range(max(2, groups))), Signal(range(max(2, chunks)))
        tile, beat = Signal(range(max(2, self.tiles))), Signal(range(max(2, self.drain_rows)))
        half = Signal()
        writes, beat_done, last_chunk, last_group, last_tile = (
            Signal(name=name) for name in ("writes", "beat_done", "last_chunk", "last_group", "last_tile")
        )
        m.d.comb += [
            # No tool knows that a lone one never counts up.
            last_chunk.eq((chunk == chunks - 1) | (chunks == 1)),
            last_group.eq((group == groups - 1) | (groups == 1)),
            last_tile.eq(tile == self.size.p.more_tiles),
            writes.eq(self.size.valid & free & self.d.valid),
            self.d.ready.eq(self.size.valid & free & last_chunk & last_group),
            beat_done.eq(writes & last_chunk & last_group),
            self.size.ready.eq(beat_done & (self.d.p.last & last_tile)),
            filled.eq(self.size.ready << half),
        ]
        with m.If(writes):
            m.d.sync += chunk.eq(Mux(last_chunk, 0, chunk + 1))
            with m.If(last_chunk):
                m.d.sync += group.eq(Mux(last_group, 0, group + 1))
        with m.If(beat_done):
            m.d.sync += beat.eq(Mux(self.d.p.last, 0, beat + 1))
            with m.If(self.d.p.last):
                m.d.sync += tile.eq(Mux(last_tile, 0, tile + 1))

        # What is written now: of each of its segments, its number and its columns.
        log = exact_log2(lanes)
        written = []
        for n in range(lanes):
            segment = Cat(Const(n, log), group)[: max(1, ceil_log2(groups * lanes))]
            columns = Signal(32 * self._chunk, name=f"columns_{n}")
            number = Cat(chunk[: exact_log2(chunks)], segment)
            m.d.comb += columns.eq(self.d.p.data.as_value().word_select(number, len(columns)))
            written.append((segment, columns))
        part = Cat(chunk[: exact_log2(chunks)], tile)[log:][: self._place["part"].width]
        for n, bank in enumerate(banks):
            place = Signal(self._place, name=f"write_place_{n}")
            m.d.comb += [
                place.part.eq(part),
                place.within.eq(beat[: len(place.within)]),
                place.half.eq(half),
                bank.write_address.eq(place),
            ]
            with m.Switch(tile[:log]):
                for turn in range(lanes):
                    with m.Case(turn):
                        segment, columns = written[(n - turn) % lanes]
                        exists = segment < self.segments if self.segments < groups * lanes else 1
                        m.d.comb += [
                            bank.write_enable.eq(writes & exists),
                            place.segment.eq(segment[: len(place.segment)]),
                            bank.write_data.eq(columns),
                        ]
        return half

    def _read(self, m, banks, full, done, last_row):
        """Read the rows wanted, through both stages of the memories."""
        at, row = Signal(self._place), Signal(range(max(2, self.rows)))
        log = exact_log2(self._banks)
        last_part, final = Signal(), Signal()
        read = MemoryRead(m, there=full.bit_select(at.half, 1), valid=self.o.valid, ready=self.o.ready)
        read.connect(banks, at)
        m.d.comb += [
            last_part.eq(at.part == (1 << len(at.part)) - 1),
            final.eq(last_part & (row == Mux(at.half, last_row[1], last_row[0]))),
            done.eq((read.reads & final) << at.half),
        ]
        with m.If(read.reads):
            m.d.sync += at.part.eq((at.part + 1)[: len(at.part)])
            with m.If(last_part):
                m.d.sync += [row.eq((row + 1)[: len(row)]), at.within.eq((at.within + 1)[: len(at.within)])]
                with m.If(at.within == self.drain_rows - 1):
                    m.d.sync += [at.within.eq(0), at.segment.eq((at.segment + 1)[: len(at.segment)])]
            with m.If(final):
                m.d.sync += [row.eq(0), at.eq(0), at.half.eq(~at.half)]
        columns, turn = (
            Cat(bank.data for bank in banks),
            read.accompany("turn", Cat(at.segment, Const(0, log))[:log]),
        )
        for n in range(log):
            columns = Mux(turn[n], columns.rotate_right(32 * self._chunk << n), columns)
        m.d.comb += self.o.p.as_value().eq(columns)
