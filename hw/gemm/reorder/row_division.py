"""Rows divided by an element that each has behind its last column."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE
from hw.block.binary32 import binary32_layout
from hw.functions.product import PRODUCT_STAGES, multiply17_stages
from hw.functions.reciprocal import Reciprocal
from hw.gemm.results.row_layouts import result_part_layout
from hw.stream.named_stages import NamedStages
from hw.stream.packet import packet_layout
from hw.stream.pipeline import Pipeline
from hw.stream.queue import Queue

__all__ = ["RowDivision"]

DIVISORS = 2
"""Divisors, and as many inverses, that wait: of rows that are being gathered."""


class RowDivision(wiring.Component):
    """Each row by its divisor, as ``golden.functions.division.divide_by_column``; or as it is.

    As it is a row passes without latency. Else a part goes on once its row's divisor has been inverted,
    ``Reciprocal.latency`` cycles after it came, one at a time; then latency is that of a ``Pipeline`` of 4
    stages, throughput one part per cycle.

    Parameters
    ----------
    words, address_bits:
        As in ``result_part_layout``, with one row.

    Members
    -------
    divide: In(1), holds still while anything is under way
    divisor: In(stream of ``binary32_layout``), one for each row, in their order, if they are divided
    out_of_range: Out(1), a cycle late: one over a divisor is no positive normal number
    i, o: streams of ``result_part_layout``, all parts of each row; ``place.ends`` tells its last 16 columns
    """

    def __init__(self, *, words, address_bits):
        self._words = words
        self._part = result_part_layout(rows=1, words=words, address_bits=address_bits)
        part = stream.Signature(self._part)
        super().__init__(
            {
                "divide": In(1),
                "divisor": In(stream.Signature(binary32_layout())),
                "out_of_range": Out(1),
                "i": In(part),
                "o": Out(part),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.divisors = divisors = Queue(shape=binary32_layout(), depth=DIVISORS)
        m.submodules.reciprocal = reciprocal = Reciprocal()
        m.submodules.inverses = inverses = Queue(shape=binary32_layout(), depth=DIVISORS)
        wiring.connect(m, wiring.flipped(self.divisor), divisors.i)
        wiring.connect(m, divisors.o, reciprocal.i)
        wiring.connect(m, reciprocal.o, inverses.i)

        packet = stream.Signature(packet_layout(self._part, 0))
        given, made = packet.create(path=("given",)), packet.create(path=("made",))
        pipe = Pipeline(m, i=given, o=made, stages=PRODUCT_STAGES)
        part, inverse = self.i.p, inverses.o
        number, no_exponent = inverse.p, Cat(inverse.p.exponent.all(), ~inverse.p.exponent.any())
        m.d.sync += self.out_of_range.eq(inverse.valid & (number.sign | no_exponent.any()))
        row_ends = Signal()
        m.d.comb += [
            row_ends.eq(part.place.ends & (part.part == BLOCK_SIZE // self._words - 1)),
            given.p.data.eq(part),
            given.valid.eq(self.divide & self.i.valid & inverse.valid),
            inverse.ready.eq(given.valid & given.ready & row_ends),
        ]
        for name in self._part.members:
            if name != "values":
                value = getattr(part, name)
                m.d.comb += getattr(made.p.data, name).eq(pipe.carry(1, PRODUCT_STAGES, name, value))
        for n in range(self._words):
            lane, value = NamedStages(pipe, f"lane{n}"), binary32_layout()(part.values[n])
            product = multiply17_stages(lane, value, inverse.p)
            m.d.comb += made.p.data.values[n].eq(lane.register(PRODUCT_STAGES, "value", product))

        with m.If(self.divide):
            m.d.comb += [
                self.i.ready.eq(given.ready & inverse.valid),
                self.o.valid.eq(made.valid),
                self.o.p.eq(made.p.data),
                made.ready.eq(self.o.ready),
            ]
        with m.Else():
            m.d.comb += [
                self.i.ready.eq(self.o.ready),
                self.o.valid.eq(self.i.valid),
                self.o.p.eq(part),
            ]
        return m
