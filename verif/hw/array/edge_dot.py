"""A block dot product as the benches drive it, whatever form its target gives operands."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.formats import SUBBLOCKS
from hw.array.block_dot import activation_layout, weight_layout

__all__ = ["EdgeDot"]


class EdgeDot(wiring.Component):
    """``core``, a ``BlockDot`` or ``PackedDot``, with what the edge of the grid does to its operands."""

    def __init__(self, core):
        self.core = core
        super().__init__(
            {
                "a": In(activation_layout()).array(SUBBLOCKS),
                "b": In(weight_layout()).array(SUBBLOCKS),
                "dot": Out(core.signature.members["dot"].shape),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = self.core
        m.d.comb += self.dot.eq(core.dot)
        for j in range(SUBBLOCKS):
            m.d.comb += [
                core.a[j].eq(core.activation_operand(self.a[j])),
                core.b[j].eq(core.weight_operand(self.b[j])),
            ]
        return m
