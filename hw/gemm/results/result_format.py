"""Rows of 16 binary32 in the format that memory gets."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import MemoryFormat
from golden.formats import BLOCK_SIZE
from hw.axi.line import FRAGMENT_BYTES
from hw.block.binary32 import (
    BFLOAT16_BITS,
    BFLOAT16_QUIET_NAN,
    BINARY32_BITS,
    BINARY32_INFINITE,
    binary32_layout,
)
from hw.block.layouts import FormatCode, block_bytes, float_block_layout
from hw.block.quantizer import Quantizer
from hw.gemm.memory_format import MEMORY_FORMAT_BITS
from hw.stream.packet import packet_layout
from hw.stream.pipeline import Pipeline
from hw.stream.queue import Queue

__all__ = ["ResultFormat", "fragment_layout", "result_row_layout", "row_place_layout"]

_PLACES = Quantizer.latency + 4
"""Places of the rows in the quantizer, which holds some more than it has stages when it stalls."""


def row_place_layout(*, rows, address_bits) -> data.StructLayout:
    """Where 16 columns of a row go: to ``address``, ``row`` being the number of the row in its tile.

    ``begins`` and ``ends`` are those of the tile's command.
    """
    return data.StructLayout({"address": address_bits, "row": range(max(2, rows)), "begins": 1, "ends": 1})


def fragment_layout(*, rows, address_bits) -> data.StructLayout:
    """``bytes`` bytes (1 to 64, even) of ``data``, lowest first, for memory from ``place.address`` on."""
    return data.StructLayout(
        {
            "place": row_place_layout(rows=rows, address_bits=address_bits),
            "bytes": range(FRAGMENT_BYTES + 1),
            "data": 8 * FRAGMENT_BYTES,
        }
    )


def result_row_layout(*, rows, address_bits) -> data.StructLayout:
    """16 columns of a row of D, of which the first ``columns`` exist, for ``place``.

    ``exists`` says so with a bit per column. ``code`` is the format of the block that they make, where blocks
    are made.
    """
    return data.StructLayout(
        {
            "values": float_block_layout(),
            "columns": range(BLOCK_SIZE + 1),
            "exists": BLOCK_SIZE,
            "place": row_place_layout(rows=rows, address_bits=address_bits),
            "code": FormatCode,
        }
    )


class ResultFormat(wiring.Component):
    """Rows as binary32, bfloat16 (ties to even) or a block, padded with zeros; one fragment each.

    Latency: 2 cycles for floats, the quantizer's and 1 for blocks; throughput one row per cycle. ``format``
    may change while nothing is under way.

    Parameters
    ----------
    rows:
        Most rows of a tile.
    address_bits:
        Width of addresses.

    Members
    -------
    format: In, a code of ``MemoryFormat``
    i: In(stream of ``result_row_layout``)
    o: Out(stream of ``fragment_layout``)
    """

    def __init__(self, *, rows, address_bits):
        sizes = {"rows": rows, "address_bits": address_bits}
        self._place = row_place_layout(**sizes)
        super().__init__(
            {
                "format": In(MEMORY_FORMAT_BITS),
                "i": In(stream.Signature(result_row_layout(**sizes))),
                "o": Out(stream.Signature(fragment_layout(**sizes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.floats = floats = _Floats(place=self._place)
        m.submodules.quantizer = quantizer = Quantizer()
        # Where the blocks in the quantizer go.
        m.submodules.places = places = Queue(shape=self._place, depth=_PLACES, registered=True)

        row = self.i.p
        to_floats, narrow = Signal(), Signal()
        m.d.comb += [
            to_floats.eq((self.format == MemoryFormat.BINARY32) | narrow),
            narrow.eq(self.format == MemoryFormat.BFLOAT16),
            floats.i.valid.eq(self.i.valid & to_floats),
            floats.i.p.data.eq(row.values),
            floats.i.p.user.place.eq(row.place),
            floats.i.p.user.columns.eq(row.columns),
            floats.i.p.user.narrow.eq(narrow),
            quantizer.i.valid.eq(self.i.valid & ~to_floats & places.i.ready),
            quantizer.i.p.user.eq(row.code),
            places.i.valid.eq(self.i.valid & ~to_floats & quantizer.i.ready),
            places.i.p.eq(row.place),
            self.i.ready.eq(Mux(to_floats, floats.i.ready, quantizer.i.ready & places.i.ready)),
        ]
        for column in range(BLOCK_SIZE):
            exists = row.exists[column].replicate(BINARY32_BITS)
            m.d.comb += quantizer.i.p.data[column].eq(row.values[column] & exists)

        # A job has one format, and jobs do not overlap: at most one side has something.
        block = quantizer.o.p
        m.d.comb += [
            self.o.valid.eq(floats.o.valid | quantizer.o.valid),
            floats.o.ready.eq(self.o.ready),
            quantizer.o.ready.eq(self.o.ready),
            places.o.ready.eq(quantizer.o.valid & self.o.ready),
        ]
        with m.If(floats.o.valid):
            fragment = floats.o.p
            size = fragment.user.columns << Mux(fragment.user.narrow, 1, 2)
            m.d.comb += [
                self.o.p.place.eq(fragment.user.place),
                self.o.p.bytes.eq(size[: len(self.o.p.bytes)]),
                self.o.p.data.eq(fragment.data),
            ]
        with m.Else():
            m.d.comb += [
                self.o.p.place.eq(places.o.p),
                self.o.p.bytes.eq(block_bytes(block.user)),
                self.o.p.data.eq(block.data),
            ]
        return m


class _Floats(wiring.Component):
    """Binary32 as it is, or rounded to bfloat16 if ``narrow``."""

    def __init__(self, *, place):
        user = data.StructLayout({"place": place, "columns": range(BLOCK_SIZE + 1), "narrow": 1})
        payload = packet_layout(float_block_layout(), user)
        super().__init__({"i": In(stream.Signature(payload)), "o": Out(stream.Signature(payload))})

    def elaborate(self, platform):
        m = Module()
        pipe = Pipeline(m, i=self.i, o=self.o, stages=2, buffered=True)
        lanes = range(BLOCK_SIZE)
        values = [self.i.p.data[k] for k in lanes]
        up = pipe.register(1, "up", [_rounds_up(value) for value in values])
        nan = pipe.register(1, "nan", [_is_nan(value) for value in values])
        user = pipe.register(1, "user", self.i.p.user)
        values = pipe.register(1, "values", values)
        quiet_nan = Const(BFLOAT16_QUIET_NAN, BFLOAT16_BITS)
        short = Cat(
            Mux(nan[k], quiet_nan, (values[k][-BFLOAT16_BITS:] + up[k])[:BFLOAT16_BITS]) for k in lanes
        )
        values = pipe.register(2, "values", Mux(user.narrow, short, Value.cast(values)))
        m.d.comb += [
            Value.cast(self.o.p.data).eq(values),
            self.o.p.user.eq(pipe.register(2, "user", user)),
        ]
        return m


def _rounds_up(value):
    """Whether bfloat16 is the upper half plus one, ties to even."""
    guard = BINARY32_BITS - BFLOAT16_BITS - 1
    return value[guard] & (value[:guard].any() | value[guard + 1])


def _is_nan(value):
    number = data.View(binary32_layout(), value)
    return (number.exponent == BINARY32_INFINITE) & number.fraction.any()
