"""A processing element as one would write it at first."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE, MX6, SUBBLOCKS
from hw.target.delay import delay
from perf.baselines.float_add import FloatAdd, IntegerToFloat

__all__ = ["StraightforwardElement", "operand_layout", "steering_layout"]

_DOT_BITS = 16
_SCALE = 2 * (127 + 3) + 2
"""A dot product is worth dot * 2**(ea + eb - 262)."""


def operand_layout() -> data.StructLayout:
    """A block of MX6, or one half of a block of MX9, in two's complement."""
    return data.StructLayout(
        {
            "element": data.ArrayLayout(signed(MX6.element_bits), BLOCK_SIZE),
            "microexponent": SUBBLOCKS,
        }
    )


def steering_layout() -> data.StructLayout:
    """Start a sum."""
    return data.StructLayout({"first": 1})


class StraightforwardElement(wiring.Component):
    """``total = (first ? +0 : total) + binary32(dot(a, b))``, one addition in binary32 per block pair.

    Two's complement operands, products written ``*``, shifts by the sum of the microexponents, an adder
    tree, and a pipelined binary32 adder that feeds itself: ``interleaved`` sums take turns, one per cycle,
    each stepping once per turn, so that the element makes 16 multiply-accumulates in every cycle in spite
    of the adder's latency. Each sum is ``golden.matmul(..., accumulator="float32")``. A block of MX9 can
    come as two (value = 16 * high + low, high signed, low unsigned, exponents E + 1 and E - 3), each
    then rounded on its own.

    Operands and steering pass on to the next element one cycle later, as in the array's own element;
    exponents and ``first`` come as late as they are needed, so nothing waits for them.
    No flow control.

    Members
    -------
    a_in, a_out, b_in, b_out: ``operand_layout``
    ea_in, ea_out, eb_in, eb_out: signed(10), exponents of the blocks, ``exponent_delay`` cycles later
    steering_in, steering_out: ``steering_layout``; ``first`` comes ``first_delay`` cycles after the operands
    total: Out(32), binary32 sum with the operands of ``latency`` cycles before
    """

    exponent_delay = 5
    first_delay = 7 + IntegerToFloat.latency - 1
    latency = first_delay + 1 + FloatAdd.latency
    interleaved = FloatAdd.latency
    macs_per_pass = BLOCK_SIZE

    def __init__(self) -> None:
        exponent = signed(10)
        members = {"total": Out(32)}
        for name, shape in (
            ("a", operand_layout()),
            ("b", operand_layout()),
            ("ea", exponent),
            ("eb", exponent),
            ("steering", steering_layout()),
        ):
            members |= {f"{name}_in": In(shape), f"{name}_out": Out(shape)}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.to_float = to_float = IntegerToFloat(width=_DOT_BITS)
        m.submodules.add = add = FloatAdd()
        for name in ("a", "b", "ea", "eb", "steering"):
            inward = getattr(self, f"{name}_in")
            m.d.comb += getattr(self, f"{name}_out").eq(delay(m, name, inward, 1))
        a, b, steering = self.a_out, self.b_out, self.steering_out

        products = [delay(m, f"product{i}", a.element[i] * b.element[i], 1) for i in range(BLOCK_SIZE)]
        values = []
        for j in range(SUBBLOCKS):
            pair = delay(m, f"pair{j}", products[2 * j] + products[2 * j + 1], 1)
            shift = delay(m, f"shift{j}", a.microexponent[j] + b.microexponent[j], 2)
            scaled = Mux(shift == 0, pair << 2, Mux(shift == 1, pair << 1, pair))
            values.append(delay(m, f"scaled{j}", scaled, 1))
        level = 0
        while len(values) > 1:
            pairs = zip(values[::2], values[1::2], strict=True)
            values = [delay(m, f"sum{level}_{i}", x + y, 1) for i, (x, y) in enumerate(pairs)]
            level += 1

        scale = Signal(signed(11), reset_less=True)
        m.d.sync += scale.eq(self.ea_out + self.eb_out - _SCALE)
        m.d.comb += [
            to_float.integer.eq(values[0][:_DOT_BITS].as_signed()),  # at most 16 * 4 * 2**8
            to_float.scale.eq(scale),
            add.x.eq(to_float.value),
            add.y.eq(Mux(steering.first, 0, add.sum.as_value())),
        ]
        m.d.comb += self.total.eq(add.sum.as_value())
        return m
