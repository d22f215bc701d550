"""Rows of 16 binary32 in the format that memory gets."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import MemoryFormat
from golden.formats import BLOCK_SIZE
from hw.block.binary32 import (
    BFLOAT16_BITS,
    BFLOAT16_QUIET_NAN,
    BINARY32_BITS,
    BINARY32_INFINITE,
    binary32_layout,
)
from hw.block.layouts import FormatCode, block_bytes
from hw.block.quantizer import Quantizer
from hw.gemm.memory_format import MEMORY_FORMAT_BITS
from hw.stream.packet import packet_layout
from hw.stream.pipeline import Pipeline
from hw.stream.queue import Queue

__all__ = ["ResultFormat", "fragment_layout", "result_part_layout", "row_place_layout"]


def row_place_layout(*, rows, address_bits) -> data.StructLayout:
    """Where 16 columns of a row go: to ``address``, ``row`` being the number of the row in its tile.

    ``begins`` and ``ends`` are those of the tile's command, ``last`` marks the tile's last row.
    """
    return data.StructLayout(
        {"address": address_bits, "row": range(max(2, rows)), "begins": 1, "ends": 1, "last": 1}
    )


def fragment_layout(*, rows, words, address_bits) -> data.StructLayout:
    """``bytes`` bytes (even, not 0) of ``data``, lowest first, for memory from ``place.address`` on.

    A fragment is what 16 columns of a row make, or a part of it: ``last`` marks the last one of a tile.
    ``place.begins`` and ``place.ends`` are those of a run.
    """
    return data.StructLayout(
        {
            "place": row_place_layout(rows=rows, address_bits=address_bits),
            "bytes": range(4 * words + 1),
            "last": 1,
            "data": 32 * words,
        }
    )


def result_part_layout(*, rows, words, address_bits) -> data.StructLayout:
    """``words`` columns of 16 of a row of D: number ``part`` of them, of which the first ``columns`` exist.

    ``final`` says that no column behind them exists, though more parts follow. ``place`` is that of the 16
    columns. ``code`` is the format of the block that they make, where blocks are made.
    """
    return data.StructLayout(
        {
            "values": data.ArrayLayout(BINARY32_BITS, words),
            "part": range(max(2, BLOCK_SIZE // words)),
            "columns": range(words + 1),
            "final": 1,
            "place": row_place_layout(rows=rows, address_bits=address_bits),
            "code": FormatCode,
        }
    )


class ResultFormat(wiring.Component):
    """Rows as binary32, bfloat16 (ties to even) or a block, padded with zeros; in fragments.

    Latency: 2 cycles for floats, the quantizer's and 1 for blocks; throughput one part of a row per cycle.
    ``format`` may change while nothing is under way.

    Parameters
    ----------
    rows:
        Most rows of a tile.
    words:
        Columns per cycle: 4, 8 or 16.
    address_bits:
        Width of addresses.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    format: In, a code of ``MemoryFormat``
    i: In(stream of ``result_part_layout``), all parts of a row, in ascending order
    o: Out(stream of ``fragment_layout``)
    """

    def __init__(self, *, rows, words, address_bits, target="generic"):
        self.target = target
        self._sizes = {"rows": rows, "words": words, "address_bits": address_bits}
        super().__init__(
            {
                "format": In(MEMORY_FORMAT_BITS),
                "i": In(stream.Signature(result_part_layout(**self._sizes))),
                "o": Out(stream.Signature(fragment_layout(**self._sizes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.floats = floats = _Floats(**self._sizes)
        m.submodules.blocks = blocks = _Blocks(**self._sizes, target=self.target)
        to_floats, exists = Signal(), Signal()
        narrow = self.format == MemoryFormat.BFLOAT16
        m.d.comb += [
            to_floats.eq((self.format == MemoryFormat.BINARY32) | narrow),
            floats.narrow.eq(narrow),
            exists.eq(self.i.p.columns != 0),
            floats.i.valid.eq(self.i.valid & to_floats & exists),
            floats.i.p.data.eq(self.i.p),
            floats.i.p.last.eq(self.i.p.final & self.i.p.place.last),
            blocks.i.valid.eq(self.i.valid & ~to_floats),
            blocks.i.p.eq(self.i.p),
            self.i.ready.eq(Mux(to_floats, floats.i.ready | ~exists, blocks.i.ready)),
            # A job has one format, and jobs do not overlap: at most one side has something.
            self.o.valid.eq(floats.o.valid | blocks.o.valid),
            self.o.p.eq(Mux(floats.o.valid, floats.o.p, blocks.o.p)),
            floats.o.ready.eq(self.o.ready),
            blocks.o.ready.eq(self.o.ready),
        ]
        return m


class _Blocks(wiring.Component):
    """Rows as blocks."""

    def __init__(self, *, rows, words, address_bits, target):
        self._target = target
        sizes = {"rows": rows, "words": words, "address_bits": address_bits}
        self._words = words
        self._place = row_place_layout(rows=rows, address_bits=address_bits)
        super().__init__(
            {
                "i": In(stream.Signature(result_part_layout(**sizes))),
                "o": Out(stream.Signature(fragment_layout(**sizes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.quantizer = quantizer = Quantizer(words=self._words, target=self._target)
        # Where the blocks in the quantizer go: enough of them that it never waits for a place.
        part, parts = self.i.p, BLOCK_SIZE // self._words
        depth = quantizer.latency // parts + 4
        m.submodules.places = places = Queue(shape=self._place, depth=depth, registered=True)

        values = Cat(
            part.values[column] & (part.columns > column).replicate(BINARY32_BITS)
            for column in range(self._words)
        )
        # The place goes along with the row's last part.
        last, room = Signal(), Signal()
        m.d.comb += [
            last.eq(part.part == parts - 1),
            room.eq(places.i.ready | ~last),
            quantizer.i.valid.eq(self.i.valid & room),
            quantizer.i.p.data.as_value().eq(values),
            quantizer.i.p.user.eq(part.code),
            places.i.valid.eq(self.i.valid & quantizer.i.ready & last),
            places.i.p.eq(part.place),
            self.i.ready.eq(quantizer.i.ready & room),
        ]

        # The longest blocks are more than a fragment of 4 words.
        most, block, place, fragment = 4 * self._words, quantizer.o.p, places.o.p, self.o.p
        second, cut = Signal(), Signal()
        size = block_bytes(block.user)
        m.d.comb += [
            cut.eq(~second & (size > most)),
            self.o.valid.eq(quantizer.o.valid),
            fragment.place.eq(place),
            fragment.place.address.eq(place.address + Mux(second, most, 0)),
            fragment.place.begins.eq(place.begins & ~second),
            fragment.place.ends.eq(place.ends & ~cut),
            fragment.last.eq(place.last & ~cut),
            fragment.bytes.eq(Mux(second, size - most, Mux(cut, most, size))),
            fragment.data.eq(Mux(second, block.data[8 * most :], block.data[: 8 * most])),
            quantizer.o.ready.eq(self.o.ready & ~cut),
            places.o.ready.eq(quantizer.o.valid & self.o.ready & ~cut),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += second.eq(cut)
        return m


class _Floats(wiring.Component):
    """Binary32 as it is, or rounded to bfloat16 if ``narrow``."""

    def __init__(self, *, rows, words, address_bits):
        sizes = {"rows": rows, "words": words, "address_bits": address_bits}
        self._words = words
        super().__init__(
            {
                "narrow": In(1),
                "i": In(stream.Signature(packet_layout(result_part_layout(**sizes), 0))),
                "o": Out(stream.Signature(fragment_layout(**sizes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        pipe = Pipeline(m, i=self.i, o=self.o, stages=2)
        given = self.i.p.data
        lanes = range(self._words)
        values = [given.values[k] for k in lanes]
        up = pipe.register(1, "up", [_rounds_up(value) for value in values])
        nan = pipe.register(1, "nan", [_is_nan(value) for value in values])
        narrow = pipe.register(1, "narrow", self.narrow)
        values = pipe.register(1, "values", values)
        quiet_nan = Const(BFLOAT16_QUIET_NAN, BFLOAT16_BITS)
        short = Cat(
            Mux(nan[k], quiet_nan, (values[k][-BFLOAT16_BITS:] + up[k])[:BFLOAT16_BITS]) for k in lanes
        )
        values = pipe.register(2, "values", Mux(narrow, short, Value.cast(values)))
        offset = Mux(self.narrow, given.part * (2 * self._words), given.part * (4 * self._words))
        fragment = {name: Signal(self.o.p[name].shape(), name=name) for name in ("place", "bytes")}
        place = fragment["place"]
        m.d.comb += [
            place.eq(given.place),
            place.address.eq(given.place.address + offset),
            place.begins.eq(given.place.begins & (given.part == 0)),
            place.ends.eq(given.place.ends & given.final),
            fragment["bytes"].eq(Mux(self.narrow, given.columns << 1, given.columns << 2)),
            self.o.p.data.eq(values),
            *(self.o.p[name].eq(pipe.carry(1, 2, name, value)) for name, value in fragment.items()),
        ]
        return m


def _rounds_up(value):
    """Whether bfloat16 is the upper half plus one, ties to even."""
    guard = BINARY32_BITS - BFLOAT16_BITS - 1
    return value[guard] & (value[:guard].any() | value[guard + 1])


def _is_nan(value):
    number = data.View(binary32_layout(), value)
    return (number.exponent == BINARY32_INFINITE) & number.fraction.any()
