"""What normalizes a row, from its elements."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.functions.norm import LONGEST_ROW
from hw.block.binary32 import binary32_layout
from hw.functions.row_factors import RowFactors, row_factors_layout
from hw.functions.row_sums import RowSums, row_beat_layout
from hw.functions.variance import Variance

__all__ = ["RowStatistics"]


class RowStatistics(wiring.Component):
    """Factor and offset of each row, as ``golden.functions.norm.row_statistics``.

    Three rows at a time: the sums of one are made while ``Variance`` and ``RowFactors`` have those before it.
    Latency at most 200 cycles behind that of ``RowSums``, throughput a beat per cycle where rows last for at
    least ``row_cycles``; streams with valid and ready.

    Parameters
    ----------
    lanes:
        Elements per beat.

    Members
    -------
    i: In(stream of ``row_beat_layout(lanes)``)
        As in ``RowSums``.
    o: Out(stream of ``row_factors_layout()``)
        The factor of a row with an infinity or a NaN, whose largest exponent is 255, is 0x7FC00000.
    width, mean, epsilon: In
        Of all rows that are under way, as in ``Variance``.
    """

    row_cycles = 103
    """Fewest cycles from a row to the next one."""

    def __init__(self, *, lanes):
        self.lanes = lanes
        super().__init__(
            {
                "i": In(stream.Signature(row_beat_layout(lanes))),
                "o": Out(stream.Signature(row_factors_layout())),
                "width": In(range(LONGEST_ROW + 1)),
                "mean": In(1),
                "epsilon": In(binary32_layout()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.sums = sums = RowSums(lanes=self.lanes)
        m.submodules.variance = variance = Variance()
        m.submodules.factors = factors = RowFactors()
        wiring.connect(m, wiring.flipped(self.i), sums.i)
        wiring.connect(m, sums.o, variance.i)
        wiring.connect(m, variance.o, factors.i)
        wiring.connect(m, factors.o, wiring.flipped(self.o))
        m.d.comb += [
            variance.width.eq(self.width),
            variance.mean.eq(self.mean),
            variance.epsilon.eq(self.epsilon),
            factors.width.eq(self.width),
        ]
        return m
