"""Where the rows of D go."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE
from hw.block.binary32 import BINARY32_BITS
from hw.block.layouts import FormatCode
from hw.gemm.results.row_layouts import result_part_layout
from hw.gemm.results.row_parts import columns_of_part

__all__ = ["RowPlaces", "written_tile_layout"]


def written_tile_layout(*, rows, address_bits) -> data.StructLayout:
    """A tile of D: rows to number ``last_row``, of ``columns`` columns, the first one at ``address``.

    ``begins`` and ``ends`` are those of its command, ``code`` is the format of blocks, where blocks are made.
    """
    return data.StructLayout(
        {
            "address": address_bits,
            "last_row": range(max(2, rows)),
            "columns": range(BLOCK_SIZE + 1),
            "begins": 1,
            "ends": 1,
            "code": FormatCode,
        }
    )


class RowPlaces(wiring.Component):
    """Tells each part of a row where it goes.

    No latency; throughput one part per cycle.

    Parameters
    ----------
    rows, words, address_bits:
        As in ``result_part_layout``.

    Members
    -------
    pitch: In(32), bytes from row to row
    tile: In(stream of ``written_tile_layout``), taken with its last part
    i: In(stream of ``words`` binary32), all parts of the tile's rows
    o: Out(stream of ``result_part_layout``)
    """

    def __init__(self, *, rows, words, address_bits):
        self.words = words
        self.address_bits = address_bits
        part = result_part_layout(rows=rows, words=words, address_bits=address_bits)
        super().__init__(
            {
                "pitch": In(32),
                "tile": In(stream.Signature(written_tile_layout(rows=rows, address_bits=address_bits))),
                "i": In(stream.Signature(data.ArrayLayout(BINARY32_BITS, words))),
                "o": Out(stream.Signature(part)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        tile, out, place = self.tile.p, self.o.p, self.o.p.place
        row, part = Signal.like(place.row), Signal.like(out.part)
        next_address = Signal(self.address_bits, reset_less=True)
        taken, row_ends = Signal(), Signal()
        columns, final = columns_of_part(tile.columns, part, self.words)
        m.d.comb += [
            self.o.valid.eq(self.i.valid & self.tile.valid),
            self.i.ready.eq(self.o.ready & self.tile.valid),
            taken.eq(self.o.valid & self.o.ready),
            row_ends.eq(part == BLOCK_SIZE // self.words - 1),
            self.tile.ready.eq(taken & (row_ends & place.last)),
            out.values.eq(self.i.p),
            out.part.eq(part),
            out.columns.eq(columns),
            out.final.eq(final),
            out.code.eq(tile.code),
            place.address.eq(Mux(row == 0, tile.address, next_address)),
            place.row.eq(row),
            place.begins.eq(tile.begins),
            place.ends.eq(tile.ends),
            place.last.eq(row == tile.last_row),
        ]
        with m.If(taken):
            m.d.sync += part.eq(Mux(row_ends, 0, part + 1))
            with m.If(row_ends):
                following = place.address + self.pitch
                m.d.sync += [
                    row.eq(Mux(place.last, 0, row + 1)),
                    next_address.eq(following[: self.address_bits]),
                ]
        return m
