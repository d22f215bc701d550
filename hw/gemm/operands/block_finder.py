"""Where blocks start in the beats of memory."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import MemoryFormat
from golden.formats import MX9
from hw.axi.read_master import beat_layout
from hw.gemm.jobs.job import BlockCode, OperandSide
from hw.gemm.operands.block_pattern import block_patterns
from hw.gemm.operands.operand_reader import row_tag_layout

__all__ = ["BlockFinder", "extraction_layout"]


def extraction_layout(geometry, *, beats, patterns) -> data.StructLayout:
    """Blocks found in a window of ``beats``, of which several may start in the first.

    ``place`` is where the first of them starts, ``pattern`` (one-hot) the distances of the others from it,
    ``starts`` which of them there are. ``row_first`` and ``row_last`` come with the first and the last
    blocks of a row, ``last`` with the last blocks of a tile.
    """
    return data.StructLayout(
        {
            "window": geometry.data_bits * beats,
            "place": range(geometry.beat_bytes),
            "pattern": patterns,
            "starts": geometry.banks,
            "operand": OperandSide,
            "lane": range(max(2, *geometry.lanes)),
            "address": range(max(geometry.depth)),
            "slot": range(max(geometry.most_slots)),
            "row_first": 1,
            "row_last": 1,
            "last": 1,
        }
    )


class BlockFinder(wiring.Component):
    """Finds all blocks that start in a beat, when the beats that they reach into have come.

    A row is blocks of MX9, then blocks of one format, from any byte of its first beat on; MXINT8 counts as
    two blocks. A beat takes one cycle whatever it holds: where blocks start follows from the place
    of the first one and a `BlockPattern`.

    Latency 0 cycles after the last beat that a beat's blocks need, or one per beat of ``ahead`` after a row's
    last; throughput one beat per cycle; no flow control.

    Parameters
    ----------
    geometry:
        Sizes of the engine.

    Members
    -------
    beat: In(stream of ``beat_layout``), tags ``row_tag_layout``, never stalled
    found: Out(stream of ``extraction_layout``), never stalled, combinational
    """

    def __init__(self, *, geometry):
        self.beat_bytes = geometry.beat_bytes
        self.ahead = -(-(self.beat_bytes - 1 + MX9.block_bytes) // self.beat_bytes) - 1
        self.banks = geometry.banks
        self.k_blocks = geometry.k_blocks
        self.patterns = block_patterns(self.beat_bytes)
        self._tag = row_tag_layout(geometry)
        self._row = data.StructLayout(
            {
                "tag": self._tag,
                "place": range(self.beat_bytes + MX9.block_bytes),
                "second": 1,
                "first": 1,
                "pattern": len(self.patterns),
                # Of the blocks that may start in a beat, which ones the row has: much hangs on it.
                "left": min(self.banks, self.k_blocks),
            }
        )
        self._beat = beat_layout(data_bits=geometry.data_bits, tag=self._tag)
        self.extraction = extraction_layout(geometry, beats=self.ahead + 1, patterns=len(self.patterns))
        super().__init__(
            {
                "beat": In(stream.Signature(self._beat, always_ready=True)),
                "found": Out(stream.Signature(self.extraction, always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        entering, move = self._window(m)
        row = Signal(self._row, reset_less=True)
        tag = row.tag
        starts = Signal(self.banks)
        m.d.comb += starts.eq(Cat(self._starts_in_beat(row, i) & left for i, left in enumerate(row.left)))
        # What the row is after so many blocks is found beside their number, not behind it.
        counts = Signal(self.banks + 1)
        m.d.comb += counts.eq(Cat(1, starts) & ~Cat(starts, 0))
        after = reduce(
            or_,
            (
                Value.cast(self._after(m, row, n)) & count.replicate(self._row.size)
                for n, count in enumerate(counts)
            ),
        )
        with m.If(move):
            m.d.sync += row.eq(Mux(entering.first, self._beginning(m, entering.tag).as_value(), after))
        row_last = Signal()
        m.d.comb += [
            row_last.eq(Cat(counts[n] & (tag.blocks == n) for n in range(1, self.banks + 1)).any()),
            self.found.p.place.eq(row.place[: len(self.found.p.place)]),
            self.found.p.pattern.eq(row.pattern),
            self.found.p.starts.eq(starts),
            self.found.p.operand.eq(tag.operand),
            self.found.p.lane.eq(tag.lane),
            self.found.p.address.eq(tag.address),
            self.found.p.slot.eq(tag.slot),
            self.found.p.row_first.eq(row.first),
            self.found.p.row_last.eq(row_last),
            self.found.p.last.eq(tag.last & row_last),
        ]
        return m

    def _beginning(self, m, tag):
        """A row with its first beat."""
        row = Signal(self._row, name="beginning")
        m.d.comb += [
            row.tag.eq(tag),
            row.place.eq(tag.offset),
            row.second.eq(0),
            row.first.eq(1),
            row.pattern.eq(self._patterns(tag, 0, Const(0, 1))),
            row.left.eq(self._left(tag, 0)),
        ]
        return row

    def _after(self, m, row, n):
        """The row with its next beat, if ``n`` blocks start in this one."""
        tag = row.tag
        after = Signal(self._row, name=f"after_{n}")
        second = row.second ^ (n & 1)
        m.d.comb += [
            after.tag.eq(tag),
            after.tag.blocks.eq((tag.blocks - n)[: len(tag.blocks)]),
            after.tag.leading.eq(Mux(_at_least(tag.leading, n), tag.leading - n, 0)[: len(tag.leading)]),
            after.tag.address.eq((tag.address + n)[: len(tag.address)]),
            after.place.eq((row.place + self._distance(row, n) - self.beat_bytes)[: len(row.place)]),
            after.second.eq(second),
            after.pattern.eq(self._patterns(tag, n, second)),
            after.left.eq(self._left(tag, n)),
        ]
        return after

    def _left(self, tag, n):
        """Which of the next blocks are there when ``n`` more of a row's have gone by: one bit for each."""
        return Cat(_at_least(tag.blocks, n + i + 1) for i in range(min(self.banks, self.k_blocks)))

    def _window(self, m):
        """Keep beats until their blocks leave; the one that is the oldest next, and whether it is then.

        Beats move on when one comes, and where no beat is missing between the newest and its row's end. What
        is not the next beat of a row is the first one of another.
        """
        held = [Signal(self._beat, name=f"beat_{n}", reset_less=True) for n in range(self.ahead)]
        valid = [Signal(name=f"valid_{n}") for n in range(self.ahead)]
        move = Signal()
        m.d.comb += move.eq(self.beat.valid | ~valid[-1] | held[-1].last)
        with m.If(move):
            for n in range(self.ahead):
                newest = n == self.ahead - 1
                m.d.sync += [
                    held[n].eq(self.beat.p if newest else held[n + 1]),
                    valid[n].eq(self.beat.valid if newest else valid[n + 1]),
                ]
        m.d.comb += [
            self.found.p.window.eq(Cat(*(beat.data for beat in held), self.beat.p.data)),
            self.found.valid.eq(move & valid[0]),
        ]
        return held[1] if self.ahead > 1 else self.beat.p, move

    def _patterns(self, tag, n, second):
        """Which pattern applies when ``n`` more of a row's blocks have gone by: one bit for each."""
        return Cat(self._applies(pattern, tag, n, second) for pattern in self.patterns)

    def _applies(self, pattern, tag, n, second):
        if pattern.leading > self.k_blocks:
            return Const(0, 1) if pattern.format != MemoryFormat.MX9 else tag.format == BlockCode.MX9
        enough = _at_least(tag.leading, pattern.leading + n)
        if pattern.format == MemoryFormat.MX9:
            return (tag.format == BlockCode.MX9) | (enough & (tag.format != BlockCode.MXINT8))
        is_format = tag.format.as_value() == pattern.format
        if pattern.format == MemoryFormat.MXINT8:
            return is_format & (second == pattern.second)
        more = _at_least(tag.leading, pattern.leading + n + 1)
        return is_format & ~more & (enough | (pattern.leading == 0))

    def _starts_in_beat(self, row, i):
        """Whether block i, if the row has one, starts in the beat."""
        return Cat(
            applies & ~_at_least(row.place, self.beat_bytes - pattern.distances[i])
            for applies, pattern in zip(row.pattern, self.patterns, strict=True)
            if pattern.distances[i] < self.beat_bytes
        ).any()

    def _distance(self, row, i):
        """Distance of block i from the first one."""
        bits = range(self.banks * MX9.block_bytes + 1)
        return reduce(
            or_,
            (
                Mux(applies, Const(pattern.distances[i], bits), 0)
                for applies, pattern in zip(row.pattern, self.patterns, strict=True)
            ),
        )


def _at_least(value, least):
    """``value >= least``, a constant, in few look-up tables."""
    if least >= 1 << len(value):
        return Const(0, 1)
    found = Const(1, 1)
    for n, bit in enumerate(value):
        found = bit & found if least >> n & 1 else bit | found
    return found
