"""Rows of 16 binary32 in the format that memory gets."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import MemoryFormat
from hw.block.binary32 import BFLOAT16_BITS, BINARY32_BITS, BINARY32_NAN, binary32_layout
from hw.gemm.memory_format import MEMORY_FORMAT_BITS
from hw.gemm.results.block_fragments import BlockFragments
from hw.gemm.results.row_layouts import fragment_layout, result_part_layout
from hw.stream.packet import packet_layout
from hw.stream.pipeline import Pipeline

__all__ = ["ResultFormat"]

FRAGMENT_STAGES = 2
"""Registers from a part of floats, or from a block, to its fragment."""


class ResultFormat(wiring.Component):
    """Rows as binary32, bfloat16 (ties to even) or a block, padded with zeros; in fragments.

    Every NaN becomes 0x7FC00000 or 0x7FC0.

    Latency: 2 cycles for floats, the quantizer's and 2 for blocks; throughput one part of a row per cycle.
    ``format`` may change while nothing is under way, two cycles ahead of a part. ``i.ready`` depends on
    registers alone.

    Parameters
    ----------
    rows:
        Most rows of a tile.
    words:
        Columns per cycle: 4, 8 or 16.
    address_bits:
        Width of addresses.
    any_nan:
        Whether other NaNs come than this one.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    format: In, a code of ``MemoryFormat``
    i: In(stream of ``result_part_layout``): all parts of a row, in ascending order
    o: Out(stream of ``fragment_layout``)
    """

    def __init__(self, *, rows, words, address_bits, any_nan=False, target="generic"):
        self.target = target
        self.any_nan = any_nan
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
        m.submodules.blocks = blocks = BlockFragments(**self._sizes, target=self.target)
        m.submodules.fragments = fragments = _Fragments(**self._sizes, any_nan=self.any_nan)
        is_floats, exists = Signal(), Signal()
        narrow = self.format == MemoryFormat.BFLOAT16
        # A job has one format, and jobs do not overlap.
        m.d.sync += is_floats.eq((self.format == MemoryFormat.BINARY32) | narrow)
        m.d.comb += [
            exists.eq(self.i.p.columns != 0),
            fragments.narrow.eq(narrow),
            fragments.is_floats.eq(is_floats),
            fragments.floats.valid.eq(self.i.valid & exists),
            fragments.floats.p.eq(self.i.p),
            blocks.i.valid.eq(self.i.valid & ~is_floats),
            blocks.i.p.eq(self.i.p),
            self.i.ready.eq(Mux(is_floats, fragments.floats.ready, blocks.i.ready)),
        ]
        wiring.connect(m, blocks.o, fragments.blocks)
        wiring.connect(m, fragments.o, wiring.flipped(self.o))
        return m


class _Fragments(wiring.Component):
    """Fragments: of ``floats``, rounded to bfloat16 if ``narrow``, or ``blocks`` as they are.

    What is not wanted is 0 in registers of the first stage: an OR is enough to choose.
    """

    def __init__(self, *, rows, words, address_bits, any_nan):
        self._any_nan = any_nan
        sizes = {"rows": rows, "words": words, "address_bits": address_bits}
        self._words = words
        super().__init__(
            {
                "narrow": In(1),
                "is_floats": In(1),
                "floats": In(stream.Signature(result_part_layout(**sizes))),
                "blocks": In(stream.Signature(fragment_layout(**sizes))),
                "o": Out(stream.Signature(fragment_layout(**sizes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        part, block = self.floats.p, self.blocks.p
        given = stream.Signature(packet_layout(0, 0)).create()
        pipe = Pipeline(m, i=given, o=self.o, stages=FRAGMENT_STAGES)
        m.d.comb += [
            given.valid.eq(Mux(self.is_floats, self.floats.valid, self.blocks.valid)),
            given.p.last.eq(Mux(self.is_floats, part.final & part.place.last, block.last)),
            self.floats.ready.eq(given.ready),
            self.blocks.ready.eq(given.ready & ~self.is_floats),
        ]
        wanted_floats = pipe.flags(0, "floats", self.is_floats)
        wanted_blocks = pipe.flags(0, "blocks", ~self.is_floats)
        values = [part.values[k] for k in range(self._words)]
        up = pipe.register(1, "up", [_rounds_up(value) for value in values])
        narrow = pipe.register(1, "narrow", self.narrow)
        values = pipe.register(1, "values", values, only=wanted_floats)
        block_data = pipe.register(1, "block", block.data, only=wanted_blocks)
        # The canonical NaN rounds to that of bfloat16; no other one needs to.
        shorts = [
            (value[-BFLOAT16_BITS:] + rounds_up)[:BFLOAT16_BITS]
            for value, rounds_up in zip(values, up, strict=True)
        ]
        if self._any_nan:
            nan = pipe.register(1, "nan", Cat(_is_nan(bits) for bits in part.values), only=wanted_floats[:1])
            quiet = Const(BINARY32_NAN, BINARY32_BITS)
            values = [Mux(is_nan, quiet, value) for is_nan, value in zip(nan, values, strict=True)]
            shorts = [
                Mux(is_nan, quiet[-BFLOAT16_BITS:], short) for is_nan, short in zip(nan, shorts, strict=True)
            ]
        values, short = Cat(values), Cat(shorts)
        offset = Mux(self.narrow, part.part * (2 * self._words), part.part * (4 * self._words))
        place = Signal.like(part.place)
        size = Signal.like(block.bytes)
        m.d.comb += [
            place.eq(part.place),
            place.address.eq(part.place.address + offset),
            place.begins.eq(part.place.begins & (part.part == 0)),
            place.ends.eq(part.place.ends & part.final),
            size.eq(Mux(self.narrow, part.columns << 1, part.columns << 2)),
        ]
        about = pipe.register(1, "about", Cat(place, size), only=wanted_floats[:1])
        block_about = pipe.register(1, "block_about", Cat(block.place, block.bytes), only=wanted_blocks[:1])
        m.d.comb += [
            self.o.p.data.eq(pipe.register(2, "data", Mux(narrow, short, values) | block_data)),
            Cat(self.o.p.place, self.o.p.bytes).eq(pipe.register(2, "about", about | block_about)),
        ]
        return m


def _rounds_up(value):
    """Whether bfloat16 is the upper half plus one, ties to even."""
    guard = BINARY32_BITS - BFLOAT16_BITS - 1
    return value[guard] & (value[:guard].any() | value[guard + 1])


def _is_nan(value):
    """Whether a binary32 is any NaN."""
    fields = data.View(binary32_layout(), value)
    return fields.exponent.all() & fields.fraction.any()
