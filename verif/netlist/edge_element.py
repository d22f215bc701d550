"""A processing element as the benches drive it, whatever form its target gives operands."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.formats import SUBBLOCKS
from hw.array.block_dot import activation_layout, weight_layout
from hw.array.processing_element import ProcessingElement

__all__ = ["EdgeElement"]


class EdgeElement(wiring.Component):
    """A ``ProcessingElement`` with what the edge of the grid does to its operands: the same latencies.

    Parameters
    ----------
    fraction_bits, k_blocks, target:
        As for ``ProcessingElement``.

    Members
    -------
    a_in: In(``activation_layout()``) x 8; b_in: In(``weight_layout()``) x 8
    row_in, column_in, total: the element's
    """

    def __init__(self, *, fraction_bits, k_blocks, target="generic"):
        self.element = ProcessingElement(fraction_bits=fraction_bits, k_blocks=k_blocks, target=target)
        members = self.element.signature.members
        super().__init__(
            {
                "a_in": In(activation_layout()).array(SUBBLOCKS),
                "b_in": In(weight_layout()).array(SUBBLOCKS),
                "row_in": In(members["row_in"].shape),
                "column_in": In(members["column_in"].shape),
                "total": Out(members["total"].shape),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.element = element = self.element
        m.d.comb += [
            element.row_in.eq(self.row_in),
            element.column_in.eq(self.column_in),
            self.total.eq(element.total),
        ]
        for j in range(SUBBLOCKS):
            m.d.comb += [
                element.a_in[j].eq(element.activation_operand(self.a_in[j])),
                element.b_in[j].eq(element.weight_operand(self.b_in[j])),
            ]
        return m
