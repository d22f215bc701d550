"""The drain of one column of a segment: totals to binary32, into an output buffer."""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import EXPONENT_BIAS, RESULT_BIAS
from hw.array.aligned_to_float import AlignedToFloat
from hw.array.operand_lane import reference_layout
from hw.target.block_memory import BlockMemory
from hw.target.delay import delay
from hw.target.or_tree import word_in_turn, word_in_turn_latency

__all__ = ["DrainCell", "drain_token_layout"]


def drain_token_layout() -> data.StructLayout:
    """What travels along the drain cells of a segment, ahead of each row that leaves.

    ``first`` and ``last`` mark a tile's first and last row of the segment, ``exponent`` is the row's
    reference plus ``DrainCell.exponent_offset``, and ``nan`` makes the row NaN.
    """
    return data.StructLayout(
        {
            "valid": 1,
            "first": 1,
            "last": 1,
            "exponent": signed(10),
            "nan": 1,
        }
    )


class DrainCell(wiring.Component):
    """``values[n] = float(totals[n], row reference + column reference)``, one row after the other.

    Row n's total is there n cycles after row 0's, as in ``DrainSegment``: where ``token_in.first`` was tells
    whose turn it is. Latency from the low half of a total to the write of the value is ``latency_of``
    cycles, from ``token_in`` to it ``token_lead`` more, and to ``token_out`` one. Throughput one value per
    cycle; no flow control: the sequencer reserves the buffer.

    Parameters
    ----------
    rows:
        Rows of the segment.
    width, low_bits:
        Bits of a total, and how many of them arrive ``token_lead`` cycles after ``token_in``, the rest one
        cycle later.
    fraction_bits:
        F of the accumulator.
    depth:
        Values that the buffer holds, a power of two.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    totals: In(width) x rows, of the column's elements
    token_in, token_out: ``drain_token_layout``, from column to column
    reference_in: In(``reference_layout``), the column's, sampled with the first row of a tile
    reference_out: Out, the one in use, for the segment below
    coming: Out(1), a value is written in the next cycle; written: Out(1), one is being written
    write_address_in, write_address_out: where to, from column to column, one cycle later each
    read_enable, read_address, output_enable: In; value: Out(32), as for ``BlockMemory``
    """

    token_lead = 1

    def __init__(self, *, rows, width, low_bits, fraction_bits, depth, target="generic"):
        self.rows = rows
        self.width = width
        self.low_bits = low_bits
        self.fraction_bits = fraction_bits
        self.depth = depth
        self.target = target
        super().__init__(
            {
                "totals": In(width).array(rows),
                "token_in": In(drain_token_layout()),
                "token_out": Out(drain_token_layout()),
                "reference_in": In(reference_layout()),
                "reference_out": Out(reference_layout()),
                "coming": Out(1),
                "written": Out(1),
                "write_address_in": In(range(depth)),
                "write_address_out": Out(range(depth)),
                "read_enable": In(1),
                "read_address": In(range(depth)),
                "output_enable": In(1),
                "value": Out(32),
            }
        )

    @staticmethod
    def latency_of(rows):
        """Cycles from the low half of a total to the write of its value."""
        return word_in_turn_latency(rows) + 1 + AlignedToFloat.latency

    @property
    def exponent_offset(self):
        """What turns the sum of a row's and a column's reference into the converter's exponent."""
        return EXPONENT_BIAS + AlignedToFloat.weight_of(self.width) - self.fraction_bits - RESULT_BIAS

    def elaborate(self, platform):
        m = Module()
        m.submodules.convert = convert = AlignedToFloat(width=self.width)
        m.submodules.buffer = buffer = BlockMemory(width=32, depth=self.depth, target=self.target)

        token, column = self.token_out, Signal(reference_layout(), reset_less=True)
        m.d.sync += token.eq(self.token_in)
        with m.If(self.token_in.first):
            m.d.sync += column.eq(self.reference_in)
        # The high half of a total is there one cycle after the low half: so is its turn.
        closed = [delay(m, "closed_0", ~self.token_in.first, 1)]
        for n in range(1, self.rows + 1):
            closed.append(delay(m, f"closed_{n}", closed[-1], 1))
        halves = slice(self.low_bits), slice(self.low_bits, None)
        low, high = (
            word_in_turn(m, name, [total[bits] for total in self.totals], turns)
            for name, bits, turns in zip(("low", "high"), halves, (closed[:-1], closed[1:]), strict=True)
        )
        choice = word_in_turn_latency(self.rows)
        m.d.comb += [
            self.reference_out.eq(column),
            convert.total.eq(Cat(delay(m, "low_late", low, 1), high)),
            convert.exponent.eq(delay(m, "exponent", token.exponent + column.exponent, choice + 1)),
            convert.nan.eq(delay(m, "nan", token.nan | column.nan, choice + 1)),
        ]

        coming = delay(m, "coming", token.valid, choice + convert.latency, reset_less=False)
        valid = delay(m, "valid", coming, 1, reset_less=False)
        m.d.comb += [
            self.coming.eq(coming),
            buffer.write_enable.eq(valid),
            buffer.write_address.eq(self.write_address_in),
            self.write_address_out.eq(delay(m, "write_address", self.write_address_in, 1)),
            buffer.write_data.eq(convert.value),
            self.written.eq(valid),
            buffer.read_enable.eq(self.read_enable),
            buffer.read_address.eq(self.read_address),
            buffer.output_enable.eq(self.output_enable),
            self.value.eq(buffer.data),
        ]
        return m
