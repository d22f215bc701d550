"""Addresses of an operand's rows, tile by tile and chunk by chunk."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import HALF_BLOCK_BYTES, OPERAND_FORMATS, MemoryFormat
from golden.formats import MX9
from hw.gemm.jobs.job import BLOCKS_BITS, operand_layout
from hw.gemm.memory_format import bytes_of, each_format
from hw.gemm.operands.chunk_counter import ChunkCounter

__all__ = ["OperandWalker"]


class OperandWalker(wiring.Component):
    """The next row of an operand in memory, and the chunk of it that is wanted.

    Rows: ``start`` goes to the first one, ``step`` to the next. ``mark`` remembers the row (the first
    one with ``start``), and ``rewind`` goes back there. Chunks: ``first_chunk`` and ``next_chunk`` choose
    one; ``last_chunk``, ``taken``, ``leading`` are valid two cycles later, ``address`` and ``bytes`` three.

    Parameters
    ----------
    geometry:
        Sizes of the engine.

    Members
    -------
    operand: In(``operand_layout``); blocks: In, k-blocks in a row, both held
    start, step, mark, rewind, first_chunk, next_chunk: In(1), what to do in this cycle
    address, bytes: Out, the chunk in this row; taken, leading: Out, its k-blocks and how many are MX9
    more: Out(1), there is such a row; final: Out(1), no row follows it
    last_chunk: Out(1), no chunk follows it
    """

    def __init__(self, *, geometry):
        self.geometry = geometry
        self.address_bits = geometry.address_bits
        operand = operand_layout(geometry)
        blocks = range(geometry.k_blocks + 1)
        super().__init__(
            {
                "operand": In(operand),
                "blocks": In(operand["leading"].shape),
                **dict.fromkeys(("start", "step", "mark", "rewind", "first_chunk", "next_chunk"), In(1)),
                "address": Out(geometry.address_bits),
                "bytes": Out(range(geometry.most_bytes + 1)),
                "taken": Out(blocks),
                "leading": Out(blocks),
                "more": Out(1),
                "final": Out(1),
                "last_chunk": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        offset = self._chunks(m)
        self._rows(m, offset)
        return m

    def _rows(self, m, offset):
        """Where the row, and the chunk ``offset`` bytes behind its start, is, and how many rows are left."""
        operand = self.operand
        row, marked = (Signal(self.address_bits, name=name, reset_less=True) for name in ("row", "marked"))
        # Rows left; whether there is one, and whether it is the only one, which much hangs on.
        count = data.StructLayout({"rows": len(operand.rows), "more": 1, "final": 1})
        left, marked_left, all_rows = (
            Signal(count, name=name) for name in ("left", "marked_left", "all_rows")
        )
        m.d.comb += [
            all_rows.rows.eq(operand.rows),
            all_rows.more.eq(1),
            all_rows.final.eq(operand.rows == 1),
        ]
        with m.If(self.start):
            m.d.sync += [row.eq(operand.address), left.eq(all_rows)]
        with m.Elif(self.rewind):
            m.d.sync += [row.eq(marked), left.eq(marked_left)]
        with m.Elif(self.step):
            m.d.sync += [
                row.eq((row + operand.pitch)[: len(row)]),
                left.rows.eq(left.rows - 1),
                left.more.eq(~left.final),
                left.final.eq(left.rows == 2),
            ]
        with m.If(self.mark):
            m.d.sync += [
                marked.eq(Mux(self.start, operand.address, row)),
                marked_left.eq(Mux(self.start, all_rows, left)),
            ]
        m.d.comb += [
            self.address.eq((row + offset)[: len(self.address)]),
            self.more.eq(left.more),
            self.final.eq(left.final),
        ]

    def _chunks(self, m):
        """The chunk, and how many bytes of a row come before it."""
        operand = self.operand
        m.submodules.chunk = chunk = ChunkCounter(geometry=self.geometry, operands=1)
        m.d.comb += [
            chunk.k_blocks.eq(self.blocks),
            chunk.leading[0].eq(operand.leading),
            chunk.first.eq(self.first_chunk),
            chunk.next.eq(self.next_chunk),
            self.last_chunk.eq(chunk.is_last),
            self.taken.eq(chunk.blocks),
            self.leading.eq(chunk.taken[0]),
        ]
        offset = Signal(range(MX9.block_bytes << BLOCKS_BITS), reset_less=True)
        with m.If(self.first_chunk):
            m.d.sync += offset.eq(0)
        with m.Elif(self.next_chunk):
            m.d.sync += offset.eq(offset + self.bytes)
        for fmt in each_format(m, operand.format.as_value(), OPERAND_FORMATS):
            if fmt == MemoryFormat.MXINT8:
                # A k-block is half of a block: an odd number of them ends in its middle.
                half = Mux(self.taken[0], HALF_BLOCK_BYTES, 0)
                size = bytes_of(fmt, self.taken[1:], self.leading) + half
            else:
                size = bytes_of(fmt, self.taken, self.leading)
            m.d.sync += self.bytes.eq(size[: len(self.bytes)])
        return offset
