"""Whether powers of two are beyond their range."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE
from golden.functions.exp2 import EXP2_OUT
from hw.block.binary32 import BINARY32_BITS, BINARY32_FRACTION
from hw.gemm.results.row_parts import columns_of_part

__all__ = ["RangeCheck", "checked_tile_layout"]


def checked_tile_layout(*, rows) -> data.StructLayout:
    """A tile of powers of two: rows to number ``last_row``, of ``columns`` columns."""
    return data.StructLayout({"last_row": range(max(2, rows)), "columns": range(BLOCK_SIZE + 1)})


class RangeCheck(wiring.Component):
    """Tells results of ``Exp2`` whose argument is not ``golden.functions.exp2.exp2_in_range``.

    These are the largest result, which has all bits of its fraction set, and NaN. Columns that do not exist
    do not count.

    Latency ``latency`` cycles, throughput one part per cycle; no flow control.

    Parameters
    ----------
    rows, words:
        Most rows of a tile, and columns of a part.

    Members
    -------
    tile: In(stream of ``checked_tile_layout``), there before its parts, taken with the last one
    taken: In(1), a part passes, the next one of the tile; i: In(``words`` binary32)
    o: Out(1), for one cycle: one of its results is out of range
    """

    latency = 2

    def __init__(self, *, rows, words):
        self.words = words
        super().__init__(
            {
                "tile": In(stream.Signature(checked_tile_layout(rows=rows))),
                "taken": In(1),
                "i": In(data.ArrayLayout(BINARY32_BITS, words)),
                "o": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        tile = self.tile.p
        row, part = Signal.like(tile.last_row), Signal(range(max(2, BLOCK_SIZE // self.words)))
        row_ends = part == BLOCK_SIZE // self.words - 1
        columns, _ = columns_of_part(tile.columns, part, self.words)
        m.d.comb += self.tile.ready.eq(self.taken & row_ends & (row == tile.last_row))
        with m.If(self.taken):
            m.d.sync += part.eq(Mux(row_ends, 0, part + 1))
            with m.If(row_ends):
                m.d.sync += row.eq(Mux(row == tile.last_row, 0, row + 1))
        beyond = []
        for n, value in enumerate(self.i):
            fraction = value[BINARY32_FRACTION - EXP2_OUT : BINARY32_FRACTION]
            large = value[BINARY32_FRACTION + 1 : -1].all() & (value[BINARY32_FRACTION] | fraction.all())
            found = Signal(name=f"beyond_{n}")
            m.d.sync += found.eq(self.taken & (columns > n) & large)
            beyond.append(found)
        m.d.sync += self.o.eq(Cat(beyond).any())
        return m
