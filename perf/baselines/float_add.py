"""A pipelined binary32 adder, and exact integers to binary32."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.block.binary32 import BINARY32_NAN
from hw.target.delay import delay

__all__ = ["FloatAdd", "IntegerToFloat", "binary32_layout"]

_FIELD = 23
_EXTRA = 3
"""Guard, round and sticky bit."""


def binary32_layout() -> data.StructLayout:
    """The fields of a binary32."""
    return data.StructLayout({"field": _FIELD, "exponent": 8, "sign": 1})


class FloatAdd(wiring.Component):
    """``sum = x + y`` in binary32, ties to even; results below the normal range are zero with their sign.

    ``golden.rounding.add_binary32`` to the bit, for operands that are not subnormal. Latency ``latency``
    cycles, throughput one sum per cycle; no flow control.

    Members
    -------
    x, y: In(``binary32_layout``); sum: Out(``binary32_layout``)
    """

    latency = 9

    def __init__(self) -> None:
        super().__init__(
            {
                "x": In(binary32_layout()),
                "y": In(binary32_layout()),
                "sum": Out(binary32_layout()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        x, y = self.x, self.y
        swap = Signal()
        m.d.comb += swap.eq(Cat(x.field, x.exponent) < Cat(y.field, y.exponent))
        big, small = (Signal(binary32_layout(), name=name, reset_less=True) for name in ("big", "small"))
        distance, subtract = Signal(8, reset_less=True), Signal(reset_less=True)
        m.d.sync += [
            big.eq(Mux(swap, y.as_value(), x.as_value())),
            small.eq(Mux(swap, x.as_value(), y.as_value())),
            distance.eq(Mux(swap, y.exponent - x.exponent, x.exponent - y.exponent)),
            subtract.eq(x.sign ^ y.sign),
        ]

        # Align the smaller one in two cycles; what leaves on the right is kept as one sticky bit.
        value = Cat(Const(0, _EXTRA), small.field, small.exponent != 0)
        sticky = Const(0, 1)
        for stage, steps in enumerate(((4, 3), (2, 1, 0))):
            for step in steps:
                out = value[: 1 << step].any()
                sticky = Mux(distance[step], sticky | out, sticky)
                value = Mux(distance[step], value >> (1 << step), value)
            if stage == 0:
                far = distance[5:].any()
                value = Mux(far, 0, value)
                sticky = Mux(far, small.exponent != 0, sticky)
                distance = delay(m, "distance_left", distance[:3], 1)
            value = delay(m, f"aligned_{stage}", value, 1)
            sticky = delay(m, f"sticky_{stage}", sticky, 1)

        total = Signal(len(value) + 1, reset_less=True)
        largest = Cat(
            Const(0, _EXTRA),
            delay(m, "big_field", big.field, 2),
            delay(m, "big_normal", big.exponent != 0, 2),
        )
        aligned = Cat(value[0] | sticky, value[1:])
        m.d.sync += total.eq(Mux(delay(m, "subtract", subtract, 2), largest - aligned, largest + aligned))

        # Normalize in two cycles.
        value = total
        count: list[Signal] = []
        for stage, steps in enumerate(((4, 3), (2, 1, 0))):
            found = []
            for step in steps:
                empty = Signal(name=f"empty_{step}")
                m.d.comb += empty.eq(~value[len(value) - (1 << step) :].any())
                value = Mux(empty, value << (1 << step), value)[: len(total)]
                found.append(empty)
            count = [delay(m, f"count_{stage}_{i}", bit, 1) for i, bit in enumerate([*count, *found])]
            value = delay(m, f"normal_{stage}", value, 1)
        # Round, then look for overflow and underflow.
        exponent = Signal(signed(10), reset_less=True)
        up = Signal(reset_less=True)
        kept = delay(m, "kept", value[_EXTRA + 1 :], 1)
        m.d.sync += [
            exponent.eq(delay(m, "exponent", big.exponent, 5) + 1 - Cat(reversed(count))),
            up.eq(value[_EXTRA] & (value[:_EXTRA].any() | value[_EXTRA + 1])),
        ]
        rounded = Signal(data.StructLayout({"field": _FIELD, "exponent": signed(10)}), reset_less=True)
        m.d.sync += rounded.eq(Cat(kept[:_FIELD], exponent) + up)
        zero = delay(m, "zero", ~kept[-1], 1)

        special = big.exponent == 255
        nan = special & ((big.field != 0) | ((small.exponent == 255) & subtract))
        # Equal magnitudes of opposite sign make +0.
        cancelled = subtract & (Cat(big.field, big.exponent) == Cat(small.field, small.exponent))
        sign = delay(m, "sign", big.sign & ~cancelled, 7)
        nan, special = delay(m, "nan", nan, 7), delay(m, "special", special, 7)
        result = Signal(binary32_layout(), reset_less=True)
        m.d.sync += [
            result.sign.eq(sign),
            result.exponent.eq(rounded.exponent[:8]),
            result.field.eq(rounded.field),
        ]
        with m.If(nan):
            m.d.sync += result.eq(Const(BINARY32_NAN, 32))
        with m.Elif(special | (~zero & (rounded.exponent >= 255))):
            m.d.sync += [result.exponent.eq(255), result.field.eq(0)]
        with m.Elif(zero | (rounded.exponent < 1)):
            m.d.sync += [result.exponent.eq(0), result.field.eq(0)]
        m.d.comb += self.sum.eq(result)
        return m


class IntegerToFloat(wiring.Component):
    """``value = integer * 2**scale`` in binary32, exact; too large is infinity, too small a signed zero.

    Latency ``latency`` cycles, throughput one value per cycle; no flow control.

    Parameters
    ----------
    width:
        Bits of the integer, at most 24.

    Members
    -------
    integer: In(signed(width)); scale: In(signed(11)); value: Out(``binary32_layout``)
    """

    latency = 5

    def __init__(self, *, width: int):
        self.width = width
        super().__init__(
            {
                "integer": In(signed(width)),
                "scale": In(signed(11)),
                "value": Out(binary32_layout()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        magnitude = Signal(self.width, reset_less=True)
        m.d.sync += magnitude.eq(Mux(self.integer < 0, -self.integer, self.integer))
        steps = list(reversed(range((self.width - 1).bit_length())))
        value = magnitude
        count: list[Signal] = []
        for stage, some in enumerate((steps[:2], steps[2:])):
            found = []
            for step in some:
                empty = Signal(name=f"empty_{step}")
                m.d.comb += empty.eq(~value[self.width - (1 << step) :].any())
                value = Mux(empty, value << (1 << step), value)[: self.width]
                found.append(empty)
            count = [delay(m, f"count_{stage}_{i}", bit, 1) for i, bit in enumerate([*count, *found])]
            value = delay(m, f"normal_{stage}", value, 1)
        exponent = Signal(signed(11), reset_less=True)
        base = Signal(signed(11), reset_less=True)
        m.d.sync += [
            base.eq(delay(m, "scale", self.scale, 2) + (self.width - 1 + 127)),
            exponent.eq(base - Cat(reversed(count))),
        ]
        value = delay(m, "normal", value, 1)
        result = Signal(binary32_layout(), reset_less=True)
        m.d.sync += [
            result.sign.eq(delay(m, "sign", self.integer < 0, 4)),
            result.exponent.eq(exponent[:8]),
            result.field.eq(value[:-1] << (_FIELD - self.width + 1)),
        ]
        with m.If(~value[-1] | (exponent < 1)):
            m.d.sync += [result.exponent.eq(0), result.field.eq(0)]
        with m.Elif(exponent >= 255):
            m.d.sync += [result.exponent.eq(255), result.field.eq(0)]
        m.d.comb += self.value.eq(result)
        return m
