"""The array with a quantizer behind it: blocks in, blocks out."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE, SLOT_BITS
from hw.array.array import Array
from hw.array.tile_rows import TileRows
from hw.block.layouts import FormatCode, packed_block_layout
from hw.block.quantizer import WORDS, Quantizer
from hw.stream.packet import packet_layout
from hw.stream.queue import Queue

__all__ = ["ArrayQuantizer"]

_FORMATS = 16
"""Formats of tiles on their way through the array; more tiles wait at its input."""


class ArrayQuantizer(wiring.Component):
    """``golden.quantize(D)`` of products ``D[rows, 16] = A[rows, K] * B[16, K]**T``, one block per row.

    ``16 / cols`` tiles of the array, left one first, make a tile of 16 columns; each takes A again. The
    format of D's blocks comes with the last beat of B for the last of them. D's blocks run along its
    columns, which are K of the next product: they can be sent to an array as they are.

    Latency ``latency`` cycles from the last beats of an array at rest to the offer of the first block, for a
    tile of one pass and ``cols`` = 16; throughput as many columns per cycle as the drain gives, up to 16.
    Full back-pressure on all streams. A tile that the array cannot multiply (see ``hw.TileStatus``) makes NaN
    blocks.

    Parameters
    ----------
    rows, cols, drain_rows, k_blocks, fraction_bits, product_stages, target:
        Those of the array; ``cols`` divides 16.

    Members
    -------
    a: In(stream of packets), as the array's
    b: In(stream of packets), as the array's, but user = FormatCode of the beat and, in bits 3:2, of D
    d: Out(stream of packets), a packed block; rows ascending; user = FormatCode; last = a tile's last row
    """

    def __init__(
        self,
        *,
        rows=8,
        cols=8,
        drain_rows=None,
        k_blocks=72,
        fraction_bits=17,
        product_stages=2,
        target="generic",
    ):
        self._array = array = Array(
            rows=rows,
            cols=cols,
            drain_rows=drain_rows,
            k_blocks=k_blocks,
            fraction_bits=fraction_bits,
            product_stages=product_stages,
            target=target,
        )
        if BLOCK_SIZE % cols:
            raise ValueError(f"cols must divide {BLOCK_SIZE}, so that tiles make blocks, not be {cols!r}")
        self.rows = rows
        self.cols = cols
        self.drain_rows = array.drain_rows
        # As many columns per cycle as the drain gives.
        drained = min(BLOCK_SIZE, rows // array.drain_rows * cols)
        self._words = min(words for words in WORDS if words >= drained)
        self.k_blocks = k_blocks
        self.fraction_bits = fraction_bits
        self.product_stages = product_stages
        self.target = target
        formats = data.StructLayout({"operand": FormatCode, "result": FormatCode})
        super().__init__(
            {
                "a": array.signature.members["a"],
                "b": In(stream.Signature(packet_layout(data.ArrayLayout(SLOT_BITS, cols), formats))),
                "d": Out(stream.Signature(packet_layout(packed_block_layout(), FormatCode))),
            }
        )

    @property
    def latency(self):
        """Cycles from an idle array's last input beats to its first block, one-pass tile, ``cols`` = 16."""
        return self._array.latency + self.rows + 2 + Quantizer(words=self._words).latency

    @property
    def shared_modules(self):
        """Modules placed many times, by the name of their Verilog module."""
        return self._array.shared_modules

    def elaborate(self, platform):
        m = Module()
        m.submodules.array = array = self._array
        m.submodules.tile_rows = tile_rows = TileRows(
            rows=self.rows,
            cols=self.cols,
            drain_rows=self.drain_rows,
            words=self._words,
            target=self.target,
        )
        m.submodules.quantizer = quantizer = Quantizer(words=self._words, target=self.target)
        # The format of each tile of 16 columns between the array's input and the quantizer's.
        m.submodules.formats = formats = Queue(shape=FormatCode, depth=_FORMATS)
        tiles, parts = BLOCK_SIZE // self.cols, BLOCK_SIZE // self._words
        tile, row = Signal(range(max(2, tiles))), Signal(range(max(2, self.rows)))
        part = Signal(range(max(2, parts)))
        sent, completes, last_row, last_part = Signal(), Signal(), Signal(), Signal()

        wiring.connect(m, wiring.flipped(self.a), array.a)
        m.d.comb += [
            completes.eq(self.b.p.last & (tile == tiles - 1)),
            array.b.valid.eq(self.b.valid & (formats.i.ready | ~completes)),
            self.b.ready.eq(array.b.ready & (formats.i.ready | ~completes)),
            array.b.p.data.eq(self.b.p.data),
            array.b.p.user.eq(self.b.p.user.operand),
            array.b.p.last.eq(self.b.p.last),
            formats.i.p.eq(self.b.p.user.result),
            formats.i.valid.eq(self.b.valid & self.b.ready & completes),
        ]
        with m.If(self.b.valid & self.b.ready & self.b.p.last):
            m.d.sync += tile.eq(Mux(completes, 0, tile + 1))

        wiring.connect(m, array.d, tile_rows.d)
        m.d.comb += [
            tile_rows.size.valid.eq(1),
            tile_rows.size.p.more_tiles.eq(tiles - 1),
            tile_rows.size.p.rows.eq(self.rows),
            # A tile's format was there long before its rows.
            quantizer.i.valid.eq(tile_rows.o.valid),
            quantizer.i.p.data.eq(tile_rows.o.p),
            quantizer.i.p.user.eq(formats.o.p),
            quantizer.i.p.last.eq(last_row),
            tile_rows.o.ready.eq(quantizer.i.ready),
            last_row.eq(row == self.rows - 1),
            last_part.eq(part == parts - 1),
            sent.eq(quantizer.i.valid & quantizer.i.ready),
            formats.o.ready.eq(sent & last_row & last_part),
        ]
        with m.If(sent):
            m.d.sync += part.eq(Mux(last_part, 0, part + 1))
            with m.If(last_part):
                m.d.sync += row.eq(Mux(last_row, 0, row + 1))
        wiring.connect(m, quantizer.o, wiring.flipped(self.d))
        return m
