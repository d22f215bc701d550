"""GELU and SiLU, in one unit."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Shape, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.functions.activation import GELU, SILU, parabolas
from golden.functions.product import SIGNIFICAND_BITS
from hw.block.binary32 import (
    BINARY32_FRACTION,
    BINARY32_INFINITE,
    BINARY32_NAN,
    BINARY32_SIGNIFICAND,
    binary32_layout,
)
from hw.functions.fixed_point import MAGNITUDE_LATENCY, magnitude
from hw.target.delay import delay

__all__ = ["Activation"]

_GATES = (GELU, SILU)
"""By ``silu``. They differ in tables, in where the argument's point is, and in a shift."""

_TAIL_CYCLES = 5
"""From the argument in fixed point to the gate."""

_PRODUCT_CYCLES = 3
"""From the gate to the result."""

_COARSE = 2
"""Low bits of the number of leading zeros, by which the last cycle shifts."""


class Activation(wiring.Component):
    """``x G(x)``, as ``golden.functions.gelu`` or ``silu``: 64 parabolas each, three products.

    Latency ``latency`` cycles, throughput one per cycle; no flow control.

    Members
    -------
    silu: In(1), SiLU instead of GELU; holds still while anything is under way
    i: In(``binary32_layout``); o: Out(``binary32_layout``)
    """

    latency = MAGNITUDE_LATENCY + _TAIL_CYCLES + _PRODUCT_CYCLES

    def __init__(self):
        super().__init__({"silu": In(1), "i": In(binary32_layout()), "o": Out(binary32_layout())})

    def elaborate(self, platform):
        m = Module()
        gate, x = GELU, self.i
        span = Mux(self.silu, SILU.span, GELU.span)
        argument = magnitude(m, x, integer=span, bits=gate.SEGMENT + gate.OFFSET)
        tail = self._tail(m, argument[: gate.OFFSET], argument[gate.OFFSET :])
        before = MAGNITUDE_LATENCY + _TAIL_CYCLES
        negative = delay(m, "negative", x.sign, before - 1)
        opening = Signal(gate.OUT + 1, reset_less=True)
        m.d.sync += opening.eq(Mux(negative, tail, (1 << gate.OUT) - tail))

        # What an infinity and a NaN become; a gate that is shut makes zero of anything.
        infinite = x.exponent == BINARY32_INFINITE
        late = self.latency - 1
        nan = delay(m, "nan", infinite & (x.fraction != 0), late)
        infinity = delay(m, "infinity", infinite, late)
        zero = delay(m, "zero", x.exponent == 0, late)
        sign = delay(m, "sign", x.sign, late)
        self._multiply(m, opening, before, nan=nan, infinity=infinity, zero=zero, sign=sign)
        return m

    def _tail(self, m, offset, segment):
        """One minus the gate for positive arguments, a cycle before ``_TAIL_CYCLES``; never below 0."""
        gate, tables = GELU, [parabolas(gate) for gate in _GATES]
        shapes = {"c0": Shape(gate.OUT), "c1": signed(gate.LINEAR), "c2": signed(gate.SQUARE)}
        coefficients = {name: Signal(shape, name=name, reset_less=True) for name, shape in shapes.items()}
        for name, shape in shapes.items():
            table = Array(Const(c, shape) for p in tables for c in getattr(p, name))
            m.d.sync += coefficients[name].eq(table[Cat(segment, self.silu)])
        first = delay(m, "offset", offset, 1)
        square = Signal(signed(2 * gate.SQUARE + 1), reset_less=True)
        m.d.sync += square.eq(coefficients["c2"] * first[gate.OFFSET - gate.SQUARE :])
        linear = delay(m, "linear", coefficients["c1"], 1).as_signed()
        slope = Signal(signed(gate.LINEAR + 1), reset_less=True)
        m.d.sync += slope.eq((-linear - self._chosen(square >> p.square_shift for p in tables))[: len(slope)])
        falls = Signal(signed(gate.LINEAR + 1 + gate.OFFSET + 1), reset_less=True)
        m.d.sync += falls.eq(slope * delay(m, "offset_of_slope", first, 2))
        begin = delay(m, "begin", coefficients["c0"], 3)
        return (begin - self._chosen(falls >> p.linear_shift for p in tables))[: gate.OUT]

    def _chosen(self, values):
        """The value of the function at hand, of those of all; they may be one."""
        gelu, silu = values
        return Mux(self.silu, silu, gelu)

    def _multiply(self, m, opening, before, *, nan, infinity, zero, sign):
        """The product, cut to 24 bits; it has leading zeros as the gate has."""
        x = self.i
        significand = Cat(x.fraction, Const(1, 1))[BINARY32_SIGNIFICAND - SIGNIFICAND_BITS :]
        product = Signal(SIGNIFICAND_BITS + len(opening), reset_less=True)
        m.d.sync += product.eq(delay(m, "significand", significand, before) * opening)
        shut = delay(m, "shut", opening == 0, _PRODUCT_CYCLES - 1)

        zeros = Signal(range(len(opening) + 1))
        m.d.comb += zeros.eq(len(opening))
        for n in range(len(product) - len(opening) - 1, len(product)):
            with m.If(product[n]):
                m.d.comb += zeros.eq(len(product) - 1 - n)
        shifted = Signal.like(product, reset_less=True)
        rest = Signal(_COARSE, reset_less=True)
        exponent = Signal(signed(len(x.exponent) + 2), reset_less=True)
        m.d.sync += [
            shifted.eq((product << Cat(Const(0, _COARSE), zeros[_COARSE:]))[: len(product)]),
            rest.eq(zeros[:_COARSE]),
            # Without leading zeros the product is between 2 and 4 times the argument's power of two.
            exponent.eq(delay(m, "exponent", x.exponent, before + 1) + 1 - zeros),
        ]
        number = (shifted << rest)[: len(product)][-BINARY32_SIGNIFICAND:-1]
        below = exponent <= 0
        m.d.sync += self.o.as_value().eq(Cat(number, exponent[: len(x.exponent)], sign))
        with m.If(nan):
            m.d.sync += self.o.as_value().eq(BINARY32_NAN)
        with m.Elif(zero | shut | (below & ~infinity)):
            m.d.sync += self.o.as_value().eq(Cat(Const(0, BINARY32_FRACTION + len(x.exponent)), sign))
        with m.Elif(infinity):
            m.d.sync += self.o.as_value().eq(
                Cat(Const(0, BINARY32_FRACTION), Const(BINARY32_INFINITE, len(x.exponent)), sign)
            )
