"""Whether powers of two are beyond their range."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.functions.exp2 import EXP2_OUT
from hw.block.binary32 import BINARY32_FRACTION
from hw.gemm.results.row_layouts import result_part_layout

__all__ = ["RangeCheck"]


class RangeCheck(wiring.Component):
    """Tells results of ``Exp2`` whose argument is not ``golden.functions.exp2.exp2_in_range``.

    These are the largest result, which has all bits of its fraction set, and NaN. Columns that do not exist
    do not count.

    Latency ``latency`` cycles, throughput one part per cycle; no flow control.

    Parameters
    ----------
    words, rows, address_bits:
        As in ``result_part_layout``.

    Members
    -------
    taken: In(1), there is a part, of powers of two; i: In(``result_part_layout``)
    o: Out(1), for one cycle: one of its results is out of range
    """

    latency = 2

    def __init__(self, *, words, rows, address_bits):
        part = result_part_layout(rows=rows, words=words, address_bits=address_bits)
        super().__init__({"taken": In(1), "i": In(part), "o": Out(1)})

    def elaborate(self, platform):
        m = Module()
        beyond = []
        for n, value in enumerate(self.i.values):
            fraction = value[BINARY32_FRACTION - EXP2_OUT : BINARY32_FRACTION]
            large = value[BINARY32_FRACTION + 1 : -1].all() & (value[BINARY32_FRACTION] | fraction.all())
            found = Signal(name=f"beyond_{n}")
            m.d.sync += found.eq(self.taken & (self.i.columns > n) & large)
            beyond.append(found)
        m.d.sync += self.o.eq(Cat(beyond).any())
        return m
