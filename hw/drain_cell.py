"""The end of a drain chain: totals to binary32, into the output buffer of one column."""

from amaranth.hdl import Cat, Module, Signal, signed, unsigned
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import EXPONENT_BIAS, RESULT_BIAS
from hw.aligned_to_float import AlignedToFloat
from hw.delay import delay
from hw.operand_lane import reference_layout

__all__ = ["DrainCell", "drain_token_layout"]


def drain_token_layout() -> data.StructLayout:
    """What travels along the drain cells of a segment: the row that leaves its chains now.

    ``first`` and ``last`` mark a tile's first and last row of the segment, ``exponent`` is the row's
    reference plus ``DrainCell.exponent_offset``, and ``nan`` makes the row NaN.
    """
    return data.StructLayout({
        "valid": 1,
        "first": 1,
        "last": 1,
        "exponent": signed(10),
        "nan": 1,
    })


class DrainCell(wiring.Component):
    """``values[n] = float(total, row reference + column reference)`` for the n-th row that leaves.

    Latency from ``token_in`` to the write of the value is ``latency`` cycles, to ``token_out`` one.
    Throughput one value per cycle; no flow control: the sequencer reserves the buffer.

    Parameters
    ----------
    width, low_bits:
        Bits of a total, and how many of them arrive with ``token_in``, the rest one cycle later.
    fraction_bits:
        F of the accumulator.
    depth:
        Values that the buffer holds, a power of two.

    Members
    -------
    total: In(width), the end of the drain chain
    token_in, token_out: ``drain_token_layout``, from column to column
    reference_in: In(``reference_layout``), the column's, sampled with the first row of a tile
    reference_out: Out, the one in use, for the segment below
    written, tile_written: Out(1), a value (the last one of a tile) has been written
    read_enable, read_address: In; value: Out(32), one cycle later
    """

    latency = 1 + AlignedToFloat.latency

    def __init__(self, *, width, low_bits, fraction_bits, depth):
        self.width = width
        self.low_bits = low_bits
        self.fraction_bits = fraction_bits
        self.depth = depth
        super().__init__({
            "total": In(width),
            "token_in": In(drain_token_layout()),
            "token_out": Out(drain_token_layout()),
            "reference_in": In(reference_layout()),
            "reference_out": Out(reference_layout()),
            "written": Out(1),
            "tile_written": Out(1),
            "read_enable": In(1),
            "read_address": In(range(depth)),
            "value": Out(32),
        })

    @property
    def exponent_offset(self):
        """What turns the sum of a row's and a column's reference into the converter's exponent."""
        leading = AlignedToFloat.leading_bit_of(self.width)
        return EXPONENT_BIAS + leading - self.fraction_bits - RESULT_BIAS

    def elaborate(self, platform):
        m = Module()
        m.submodules.convert = convert = AlignedToFloat(width=self.width)
        m.submodules.buffer = buffer = memory.Memory(shape=unsigned(32), depth=self.depth, init=[])
        write, read = buffer.write_port(), buffer.read_port()

        token, column = self.token_out, Signal(reference_layout(), reset_less=True)
        m.d.sync += token.eq(self.token_in)
        with m.If(self.token_in.first):
            m.d.sync += column.eq(self.reference_in)
        low = delay(m, "low", self.total[:self.low_bits], 1)
        m.d.comb += [
            self.reference_out.eq(column),
            convert.total.eq(Cat(low, self.total[self.low_bits:])),
            convert.exponent.eq(token.exponent + column.exponent),
            convert.nan.eq(token.nan | column.nan),
        ]

        valid = delay(m, "valid", token.valid, convert.latency, reset_less=False)
        m.d.comb += [
            write.en.eq(valid),
            write.data.eq(convert.value),
            self.written.eq(valid),
            self.tile_written.eq(valid & delay(m, "last", token.last, convert.latency)),
            read.en.eq(self.read_enable),
            read.addr.eq(self.read_address),
            self.value.eq(read.data),
        ]
        with m.If(valid):
            m.d.sync += write.addr.eq(write.addr + 1)
        return m
