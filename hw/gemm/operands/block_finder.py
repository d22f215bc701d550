"""Where blocks start in the beats of memory."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
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
        oldest = self._window(m)

        # The row that the oldest beat belongs to: its tag comes with its first beat.
        held, tag = Signal(self._tag, reset_less=True), Signal(self._tag)
        m.d.comb += tag.eq(Mux(oldest.first, oldest.tag, held))
        place = Signal(range(self.beat_bytes + MX9.block_bytes))
        held_place = Signal.like(place, reset_less=True)
        second, held_second = Signal(), Signal(reset_less=True)
        m.d.comb += [
            place.eq(Mux(oldest.first, oldest.tag.offset, held_place)),
            second.eq(~oldest.first & held_second),
        ]

        pattern = Cat(self._applies(pattern, tag, second) for pattern in self.patterns)
        distances = [self._distance(m, i, pattern) for i in range(self.banks + 1)]
        starts = Signal(self.banks)
        m.d.comb += starts.eq(
            Cat(
                (place + distances[i] < self.beat_bytes) & (tag.blocks > i)
                for i in range(min(self.banks, self.k_blocks))
            )
        )
        count = Signal(range(self.banks + 1))
        passed = Signal(range(self.banks * MX9.block_bytes + 1))
        for i in range(self.banks):
            with m.If(starts[i]):
                m.d.comb += [count.eq(i + 1), passed.eq(distances[i + 1])]
        with m.If(self.found.valid):
            m.d.sync += [
                held.eq(tag),
                held.blocks.eq((tag.blocks - count)[: len(tag.blocks)]),
                held.leading.eq(Mux(tag.leading > count, tag.leading - count, 0)[: len(tag.leading)]),
                held.address.eq((tag.address + count)[: len(tag.address)]),
                held_place.eq((place + passed - self.beat_bytes)[: len(held_place)]),
                held_second.eq(second ^ count[0]),
            ]
        row_last = Signal()
        m.d.comb += [
            row_last.eq((tag.blocks == count) & (count != 0)),
            self.found.p.place.eq(place[: len(self.found.p.place)]),
            self.found.p.pattern.eq(pattern),
            self.found.p.starts.eq(starts),
            self.found.p.operand.eq(tag.operand),
            self.found.p.lane.eq(tag.lane),
            self.found.p.address.eq(tag.address),
            self.found.p.slot.eq(tag.slot),
            self.found.p.row_first.eq(oldest.first),
            self.found.p.row_last.eq(row_last),
            self.found.p.last.eq(tag.last & row_last),
        ]
        return m

    def _window(self, m):
        """Keep beats until their blocks leave; the oldest one.

        Beats move on when one comes, and where no beat is missing between the newest and its row's end.
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
        return held[0]

    def _applies(self, pattern, tag, second):
        if pattern.leading > self.k_blocks:
            return Const(0, 1) if pattern.format != MemoryFormat.MX9 else tag.format == BlockCode.MX9
        if pattern.format == MemoryFormat.MX9:
            return (tag.format == BlockCode.MX9) | (
                (tag.leading >= pattern.leading) & (tag.format != BlockCode.MXINT8)
            )
        is_format = tag.format.as_value() == pattern.format
        if pattern.format == MemoryFormat.MXINT8:
            return is_format & (second == pattern.second)
        return is_format & (tag.leading == pattern.leading)

    def _distance(self, m, i, pattern):
        """Distance of block i from the first one."""
        distance = Signal(range(self.banks * MX9.block_bytes + 1), name=f"distance_{i}")
        for applies, choice in zip(pattern, self.patterns, strict=True):
            with m.If(applies):
                m.d.comb += distance.eq(choice.distances[i])
        return distance
