"""The processing element of the array."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import SUBBLOCKS, accumulator_bits
from hw.array.aligned_accumulator import AlignedAccumulator, distance_bits
from hw.array.block_dot import BlockDot
from hw.array.packed_dot import PackedDot
from hw.target.delay import delay
from hw.target.targets import TARGETS, check_target

__all__ = ["ProcessingElement", "row_control_layout"]


def row_control_layout(fraction_bits) -> data.StructLayout:
    """What steers a processing element from its left.

    ``distance`` is the exponent distance of the row's block, ``first`` clears the accumulator.
    """
    return data.StructLayout({"distance": unsigned(distance_bits(fraction_bits)), "first": 1})


class ProcessingElement(wiring.Component):
    """One output of a tile: 16 multiply-accumulates per cycle, whatever the precision.

    Precision lives at the edge of the array: an MX9 block arrives as two blocks of 4-bit magnitudes.
    Operands, distances and control are registered once and handed on to the next element.

    Cycle by cycle, for a pass whose sub-block 0 is at the ports in cycle 0; results are registered at the end
    of their cycle. With ``product_stages`` of 1 products take one cycle, and the rest comes one earlier.

    ======  =======================================================================  ===================
    cycle   what happens                                                             where
    ======  =======================================================================  ===================
    j       sub-block j of the operands: kept, and handed on to the neighbours       here
    1 + j   a product's two rows, ``a * b[:2]`` and ``a * b[2:]``, for each element  ``block_dot``
    2 + j   the two rows added: the products                                         ``block_dot``
    3 + j   the pair of products added, or subtracted if their signs differ          ``block_dot``
    4 + j   the pair, doubled and negated as need be, added to the running sum       ``block_dot``
    10      the row's and the column's distance: kept, and handed on                 here
    11      the running sum has all sub-blocks: ``dot``; the distances added         here
    12      ``dot`` moved by the lowest two bits of the distance, 0 to 3             ``aligned_accumulator``
    13      by the next two bits: 0, 4, 8 or 12                                      ``aligned_accumulator``
    14      by multiples of 16; beyond, nothing but the sign is left; ``first`` kept ``aligned_accumulator``
    15      added to the low half of the total, or to 0 if ``first``                 ``aligned_accumulator``
    16      added to the high half; the low half is at ``total``                     ``aligned_accumulator``
    17      the high half is at ``total``                                            drain
    ======  =======================================================================  ===================

    A pass starts in every cycle. With multipliers, ``packed_dot`` makes ``dot`` in the same cycles.

    Latency: counted from the cycle in which sub-block 0 of the operands is at the ports, sub-block j must
    be there j cycles later, ``distance`` after ``distance_delay`` cycles, ``first`` after
    ``first_delay``. The low half of the total with this pass shows at the output after ``latency``
    cycles, the high half one later, each for one cycle. The drain reads it in just this cycle (the rows of a
    tile finish one after the other), so an element has no drain register and no path for its
    neighbours' totals. Throughput one pass per cycle; no flow control: the element runs in lock step and
    cannot stall.

    Parameters
    ----------
    fraction_bits:
        F of the aligned accumulator.
    k_blocks:
        Longest sum, in blocks along K; sets the accumulator's width.
    product_stages:
        As for ``hw.array.block_dot.BlockDot``.
    target:
        One of ``hw.target.targets.TARGETS``; with multipliers, operands have the form of
        ``hw.array.packed_operand``.

    Members
    -------
    a_in, a_out: activations, ``activation_operand`` of ``activation_layout()`` x 8, left to right
    b_in, b_out: weights, ``weight_operand`` of ``weight_layout()`` x 8, top to bottom
    row_in, row_out: ``row_control_layout()``, left to right
    column_in, column_out: the weights' exponent distance, top to bottom
    total: Out(width), bits ``low_bits`` and up one cycle after the rest
    """

    def __init__(self, *, fraction_bits, k_blocks, product_stages=2, target="generic"):
        check_target(target)
        self.fraction_bits = fraction_bits
        self.k_blocks = k_blocks
        self.target = target
        self.width = accumulator_bits(fraction_bits, k_blocks)
        self.product_stages = product_stages
        dot = PackedDot if TARGETS[target].multiply_add else BlockDot
        self._dot = dot(product_stages=product_stages, target=target)
        self._accumulator = AlignedAccumulator(fraction_bits=fraction_bits, width=self.width, target=target)
        row = row_control_layout(fraction_bits)
        column = distance_bits(fraction_bits)
        super().__init__(
            {
                "a_in": In(self._dot.activation_layout()).array(SUBBLOCKS),
                "a_out": Out(self._dot.activation_layout()).array(SUBBLOCKS),
                "b_in": In(self._dot.weight_layout()).array(SUBBLOCKS),
                "b_out": Out(self._dot.weight_layout()).array(SUBBLOCKS),
                "row_in": In(row),
                "row_out": Out(row),
                "column_in": In(column),
                "column_out": Out(column),
                "total": Out(self.width),
            }
        )

    @property
    def low_bits(self):
        """Bits of a total that arrive one cycle before the others."""
        return self._accumulator.low_bits

    def activation_operand(self, subblock):
        """What ``a_in`` takes for a sub-block of ``activation_layout``."""
        return self._dot.activation_operand(subblock)

    def weight_operand(self, subblock):
        """What ``b_in`` takes for a sub-block of ``weight_layout``."""
        return self._dot.weight_operand(subblock)

    @staticmethod
    def latency_of(product_stages):
        """``latency`` with so many register stages in the products."""
        return 1 + BlockDot.latency_of(product_stages) + AlignedAccumulator.latency

    @property
    def latency(self):
        """Cycles from sub-block 0 of a pass to the low half of the total with it."""
        return self.latency_of(self.product_stages)

    @property
    def distance_delay(self):
        """Cycles by which ``distance`` comes after sub-block 0."""
        return self._dot.latency - 1

    @property
    def first_delay(self):
        """Cycles by which ``first`` comes after sub-block 0."""
        return self._dot.latency + AlignedAccumulator.first_delay

    def elaborate(self, platform):
        m = Module()
        m.submodules.block_dot = block_dot = self._dot
        m.submodules.accumulator = accumulator = self._accumulator

        # Cycle j: operands, as the neighbours get them. Cycles 1 to 11: their dot product.
        for j in range(SUBBLOCKS):
            m.d.comb += [
                self.a_out[j].eq(delay(m, f"a{j}", self.a_in[j], 1)),
                self.b_out[j].eq(delay(m, f"b{j}", self.b_in[j], 1)),
                block_dot.a[j].eq(self.a_out[j]),
                block_dot.b[j].eq(self.b_out[j]),
            ]
        # Cycle 10: distances; cycle 14: ``first``.
        m.d.comb += [
            self.row_out.eq(delay(m, "row", self.row_in, 1)),
            self.column_out.eq(delay(m, "column", self.column_in, 1)),
        ]

        # Cycle 11: how far the dot product must go down. Cycles 12 to 16: down, and onto the total.
        distance = Signal.like(accumulator.distance, reset_less=True)
        m.d.sync += distance.eq(self.row_out.distance + self.column_out)
        m.d.comb += [
            accumulator.dot.eq(block_dot.dot),
            accumulator.distance.eq(distance),
            accumulator.first.eq(self.row_out.first),
            self.total.eq(accumulator.total),
        ]
        return m
