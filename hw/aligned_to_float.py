"""From an aligned accumulator to binary32."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import EXPONENT_BIAS, RESULT_BIAS
from hw.delay import delay

__all__ = ["BINARY32_NAN", "AlignedToFloat"]

BINARY32_NAN = 0x7FC00000
"""The canonical quiet NaN."""

_MANTISSA = 24
_FIELD = _MANTISSA - 1


class AlignedToFloat(wiring.Component):
    """``value = round(total * 2**(exponent - fraction_bits - 262))``, once, ties to even.

    Overflow gives infinity; a result below the normal range (after rounding) is zero with its sign;
    ``nan`` gives 0x7FC00000.

    Latency ``latency`` cycles, throughput one value per cycle; no flow control.

    Parameters
    ----------
    width:
        W, bits of the accumulator.
    fraction_bits:
        F, its fraction bits.

    Members
    -------
    total: In(signed(width)); exponent: In(9), sum of the row's and the column's references; nan: In(1)
    value: Out(32), binary32
    """

    latency = 6

    def __init__(self, *, width, fraction_bits):
        self.width = width
        self.fraction_bits = fraction_bits
        super().__init__({
            "total": In(signed(width)),
            "exponent": In(9),
            "nan": In(1),
            "value": Out(32),
        })

    def elaborate(self, platform):
        m = Module()
        # Magnitude, with zeros below where the accumulator is narrower than mantissa, guard and sticky.
        bits = max(self.width, _MANTISSA + 2)
        magnitude = Signal(bits, reset_less=True)
        m.d.sync += magnitude.eq(
            Mux(self.total[-1], -self.total, self.total)[:self.width] << (bits - self.width))

        # Normalize: leading zeros, two binary digits of their count per cycle, largest first.
        steps = list(reversed(range((bits - 1).bit_length())))
        value, zeros = magnitude, []
        for stage, pair in enumerate((steps[:2], steps[2:4], steps[4:])):
            found = []
            for step in pair:
                shift = 1 << step
                empty = Signal(name=f"empty_{step}")
                m.d.comb += empty.eq(~value[bits - shift:].any())
                value = Mux(empty, value << shift, value)[:bits]
                found.append(empty)
            zeros = [delay(m, f"zeros_{stage}_{i}", z, 1) for i, z in enumerate([*zeros, *found])]
            value = delay(m, f"normal_{stage}", value, 1)
        count = Cat(reversed(zeros))

        layout = data.StructLayout({"field": _FIELD, "exponent": signed(12)})
        rounded = Signal(layout, reset_less=True)
        top = value[bits - _MANTISSA:]
        guard, sticky = value[bits - _MANTISSA - 1], value[:bits - _MANTISSA - 1].any()
        # A total of 1 in the top bit is worth 2**(bits - 1 - (bits - width) + exponent - F - 262).
        offset = self.width - 1 - self.fraction_bits - RESULT_BIAS + EXPONENT_BIAS
        base = Signal(signed(12), reset_less=True)
        m.d.sync += base.eq(delay(m, "exponent", self.exponent, 2) + offset)
        biased = Signal(signed(12))
        m.d.comb += biased.eq(delay(m, "base", base, 1) - count)
        m.d.sync += rounded.eq(Cat(top[:_FIELD], biased) + (guard & (sticky | top[0])))

        sign = delay(m, "sign", self.total[-1], 5)
        nan = delay(m, "nan", self.nan, 5)
        zero = delay(m, "zero", ~value[-1], 1)
        result = Signal(data.StructLayout({"field": _FIELD, "exponent": 8, "sign": 1}), reset_less=True)
        m.d.sync += [result.field.eq(rounded.field), result.exponent.eq(rounded.exponent),
                     result.sign.eq(sign)]
        with m.If(nan):
            m.d.sync += result.eq(Const(BINARY32_NAN, unsigned(32)))
        with m.Elif(zero | (rounded.exponent < 1)):
            m.d.sync += [result.field.eq(0), result.exponent.eq(0)]
        with m.Elif(rounded.exponent >= 255):
            m.d.sync += [result.field.eq(0), result.exponent.eq(255)]
        m.d.comb += self.value.eq(result)
        return m
