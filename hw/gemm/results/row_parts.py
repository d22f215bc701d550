"""Rows of 16 columns, a few columns at a time."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from golden.formats import BLOCK_SIZE
from hw.block.layouts import FormatCode, float_block_layout
from hw.gemm.results.row_layouts import result_part_layout, row_place_layout

__all__ = ["RowParts", "columns_of_part", "result_row_layout"]


def result_row_layout(*, rows, address_bits) -> data.StructLayout:
    """16 columns of a row of D, of which the first ``columns`` exist, as in ``result_part_layout``."""
    return data.StructLayout(
        {
            "values": float_block_layout(),
            "columns": range(BLOCK_SIZE + 1),
            "place": row_place_layout(rows=rows, address_bits=address_bits),
            "code": FormatCode,
        }
    )


def columns_of_part(columns, part, words):
    """How many of the first ``columns`` of 16 are in a part of ``words``; whether none is behind it."""
    log = exact_log2(words)
    before = columns[log:]
    within = Mux(before > part, words, Mux(before == part, columns[:log], 0))
    return within, columns <= Cat(Const(0, log), part + 1)


class RowParts(wiring.Component):
    """Every row as its parts, ``words`` columns each.

    Combinational; throughput one part per cycle.

    Parameters
    ----------
    rows, words, address_bits:
        As in ``result_part_layout``.

    Members
    -------
    i: In(stream of ``result_row_layout``); o: Out(stream of ``result_part_layout``)
    """

    def __init__(self, *, rows, words, address_bits):
        self.words = words
        sizes = {"rows": rows, "address_bits": address_bits}
        super().__init__(
            {
                "i": In(stream.Signature(result_row_layout(**sizes))),
                "o": Out(stream.Signature(result_part_layout(words=words, **sizes))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        parts = BLOCK_SIZE // self.words
        row, out = self.i.p, self.o.p
        part, last = Signal(range(max(2, parts))), Signal()
        columns, final = columns_of_part(row.columns, part, self.words)
        values = data.View(data.ArrayLayout(32 * self.words, parts), row.values.as_value())
        m.d.comb += [
            last.eq(part == parts - 1),
            self.o.valid.eq(self.i.valid),
            self.i.ready.eq(self.o.ready & last),
            out.values.eq(values[part] if parts > 1 else values[0]),
            out.part.eq(part),
            out.columns.eq(columns),
            out.final.eq(final),
            out.place.eq(row.place),
            out.code.eq(row.code),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += part.eq(Mux(last, 0, part + 1))
        return m
