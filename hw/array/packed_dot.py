"""The integer dot product of two 16-element blocks by one DSP block per sub-block."""

from amaranth.hdl import Cat, Const, Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.formats import PASS_DOT_BITS, SUBBLOCKS
from hw.array.packed_operand import (
    FIELD_BITS,
    pack_activation,
    pack_weight,
    packed_activation_layout,
    packed_value,
    packed_weight_layout,
)
from hw.target.delay import delay
from hw.target.multiply_add import SUM_BITS, check_multiplier, multiply_add

__all__ = ["PackedDot"]

_GROUP = SUBBLOCKS // 2
"""Sub-blocks whose sum of low fields, at most 60 * 15 each, stays in its field."""

_TOP = 2 * FIELD_BITS


class PackedDot(wiring.Component):
    """As ``hw.array.block_dot.BlockDot``, with both products of a sub-block in one multiplication.

    ``(a0 + a1 * 2**13) * (b1 + b0 * 2**13)`` has the sum wanted in its middle field, 13 bits up. A DSP block
    doubles the activations where the weights' microexponent is 0, multiplies, and adds to the sum of
    the sub-blocks before, which arrive a cycle earlier each, so that all of this takes no logic.

    Two things take some. The low field of the sum, ``a0 * b1``, would leave its 13 bits, so the sum is
    cut after four sub-blocks: half a unit added at the start rounds the low field away, and the middle field
    alone goes on through fabric. And the middle field has 15 bits, of which two lie under the
    high field, ``a1 * b0``: that field is cancelled modulo 4 (modulo 2 before the cut, where the middle field
    has 14 bits), from the operands' last bits.

    Latency from sub-block 0 to ``dot`` is ``latency`` cycles, throughput one block pair per cycle; no
    flow control.

    Parameters
    ----------
    target:
        One of ``hw.target.targets.TARGETS`` that has a multiplier.

    Members
    -------
    a: In, ``packed_activation_layout()`` x 8; b: In, ``packed_weight_layout()`` x 8; index j is j cycles late
    dot: Out(signed(15))
    """

    latency = 4 + SUBBLOCKS - 1
    activation_layout = staticmethod(packed_activation_layout)
    weight_layout = staticmethod(packed_weight_layout)
    activation_operand = staticmethod(pack_activation)
    weight_operand = staticmethod(pack_weight)

    def __init__(self, *, product_stages=2, target="generic_dsp"):
        check_multiplier(target)
        if product_stages != 2:
            raise ValueError(
                f"product_stages must be 2 with target {target!r}, whose multipliers have two, "
                f"not {product_stages!r}"
            )
        self.target = target
        super().__init__(
            {
                "a": In(packed_activation_layout()).array(SUBBLOCKS),
                "b": In(packed_weight_layout()).array(SUBBLOCKS),
                "dot": Out(signed(PASS_DOT_BITS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        total = cascade = None
        for j in range(SUBBLOCKS):
            a, b = self.a[j], self.b[j]
            # The cut takes a cycle: what comes after it waits in the DSP blocks' input registers.
            late = int(j >= _GROUP)
            cancel = delay(m, f"cancel{j}", _minus_high_field(a, b)[: 1 + late], 1 + late)
            if j == _GROUP:
                middle = Cat(total[FIELD_BITS : _TOP + 1], total[_TOP])
                cancel = Cat(middle[:-2], (middle[-2:] + cancel)[:2])
                cascade = None
            at = FIELD_BITS if j == _GROUP else _TOP
            half = Const(1 << (FIELD_BITS - 1) if cascade is None else 0, at)
            total, cascade = multiply_add(
                m,
                f"total{j}",
                a=packed_value(a),
                double=~b.microexponent,
                b=packed_value(b),
                c=Cat(half, cancel, Const(0, SUM_BITS - at - len(cancel))),
                cascade=cascade,
                extra_cycles=late,
                target=self.target,
            )
        m.d.comb += self.dot.eq(total[FIELD_BITS:][:PASS_DOT_BITS])
        return m


def _minus_high_field(a, b):
    """``-a1 * b0`` modulo 4, doubled where the microexponent is 0; these elements are in the high halves."""
    first, second = ((operand.high + operand.low[-1])[:2] for operand in (a, b))
    product = (first[0] & second[0], (first[0] & second[1]) ^ (first[1] & second[0]))
    odd = product[0] & b.microexponent
    twos = (product[0] & ~b.microexponent) | (product[1] & b.microexponent)
    return Cat(odd, twos ^ odd)
