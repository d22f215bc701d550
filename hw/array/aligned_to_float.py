"""From an aligned accumulator to binary32."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.block.binary32 import (
    BINARY32_BITS,
    BINARY32_FRACTION,
    BINARY32_INFINITE,
    BINARY32_NAN,
    BINARY32_SIGNIFICAND,
    binary32_layout,
)
from hw.target.delay import delay

__all__ = ["AlignedToFloat"]

_BYTE = 8


class AlignedToFloat(wiring.Component):
    """``value = round(total * 2**(exponent - 127 - weight))``, once, ties to even.

    Overflow gives infinity; a result below the normal range (after rounding) is zero with its sign;
    ``nan`` gives 0x7FC00000.

    A negative total is normalized as it is, and inverted rather than negated in the end; rounding
    supplies the missing unit: a set guard bit always rounds up, and a clear one with nothing but ones
    behind it is a tie.

    Latency ``latency`` cycles, throughput one value per cycle; no flow control.

    Parameters
    ----------
    width:
        W, bits of the accumulator.

    Members
    -------
    total: In(signed(width)); nan: In(1)
    exponent: In(signed(12)), biased exponent of a total of 2**(``weight``)
    value: Out(32), binary32
    """

    latency = 13

    def __init__(self, *, width):
        self.width = width
        super().__init__(
            {
                "total": In(signed(width)),
                "exponent": In(signed(12)),
                "nan": In(1),
                "value": Out(BINARY32_BITS),
            }
        )

    @staticmethod
    def weight_of(width):
        """The power of two that ``exponent`` refers to: just above the highest bit of whole bytes."""
        return -(-max(width, BINARY32_SIGNIFICAND + _BYTE) // _BYTE) * _BYTE

    @property
    def weight(self):
        """The power of two that ``exponent`` refers to."""
        return self.weight_of(self.width)

    def elaborate(self, platform):
        m = Module()
        signs = [self.total[-1]]
        for stage in range(1, self.latency - 1):
            signs.append(delay(m, f"sign_{stage}", signs[-1], 1))
        size = self.weight
        value, skip = self._without_sign_bytes(m, signs, size)

        # Up to seven bits more. Bits that cannot reach the mantissa or guard only count as ``rest``.
        kept = BINARY32_SIGNIFICAND + _BYTE
        window = value[size - kept :]
        rest = value[: size - kept].any() if size > kept else 0
        empties = []
        for stage, step in enumerate((4, 2, 1), 5):
            empty = Signal(name=f"empty_{step}")
            m.d.comb += empty.eq(~(window[-step:] ^ signs[stage].replicate(step)).any())
            rest = delay(m, f"rest_{step}", rest | (~empty & window[:step].any()), 1)
            choice = Mux(empty, window[:-step], window[step:])
            if step == 1:
                choice = choice ^ signs[stage].replicate(len(choice))
            window = delay(m, f"window_{step}", choice, 1)
            empties = [delay(m, f"shifted_{step}_{i}", e, 1) for i, e in enumerate([*empties, empty])]

        zeros = Cat(reversed(empties), delay(m, "skip", skip, 5))
        guard, odd = window[0], window[1]
        up = delay(m, "up", Mux(signs[8], guard | (~rest & odd), guard & (rest | odd)), 1)
        top = delay(m, "top", window[1:], 1)
        fraction = Signal(BINARY32_FRACTION, reset_less=True)
        carry = Signal(reset_less=True)
        m.d.sync += Cat(fraction, carry).eq(top[:BINARY32_FRACTION] + up)
        # exponent - 1 - zeros + carry; one less for the weight, which is above the leading bit.
        shift = ~Cat(delay(m, "zeros", zeros, 2), Const(0, 1))
        biased = Signal(
            data.StructLayout({"fraction": BINARY32_FRACTION, "exponent": signed(12)}), reset_less=True
        )
        exponent = Cat(1, delay(m, "exponent", self.exponent, 10)).as_signed() + Cat(carry, shift).as_signed()
        m.d.sync += [
            biased.fraction.eq(fraction),
            biased.exponent.eq(exponent[1:][: len(biased.exponent)]),
        ]
        self._pack(m, biased, delay(m, "zero", ~top[-1], 2), delay(m, "nan", self.nan, 11), signs[11])
        return m

    def _without_sign_bytes(self, m, signs, size):
        """The total shifted up by its leading bytes that only repeat the sign, five cycles later.

        Also the number of these bytes, three cycles after the input.
        """
        bits = Cat(self.total, signs[0].replicate(size - self.width))
        count = size // _BYTE
        parts = [
            delay(
                m,
                f"differs_{n}",
                Cat(
                    (byte[k : k + 3] ^ signs[0].replicate(len(byte[k : k + 3]))).any()
                    for k in range(0, _BYTE, 3)
                ),
                1,
            )
            for n, byte in enumerate(_bytes(bits))
        ]
        used = delay(m, "used", Cat(part.any() for part in parts), 1)
        skip = Signal(range(count + 1), reset_less=True)
        # An OR of terms: a chain of choices between constants would become resets of ``skip``.
        terms = [Mux(used.any(), 0, count)]
        terms += [Mux(used[n] & ~used[n + 1 :].any(), count - 1 - n, 0) for n in range(count)]
        m.d.sync += skip.eq(reduce(or_, terms))
        # A byte has nothing to take if more are skipped than there are below it.
        lacks = [delay(m, f"lacks_{n}", ~used[count - 2 * n :].any(), 1) for n in range(1, 1 + count // 2)]
        even = self._shifted(m, "even", delay(m, "bits", bits, 3), skip[1:], 2, lacks)
        odd = delay(m, "odd", skip[0], 1)
        return self._shifted(m, "value", even, odd, 1, [odd]), skip

    def _shifted(self, m, name, bits, times, size, lacks):
        """``bits`` shifted up by ``times * size`` bytes, one cycle later; ``lacks[n]``: ``times > n``."""
        parts = []
        for n, byte in enumerate(_bytes(bits)):
            part = Signal(_BYTE, name=f"{name}_{n}", reset_less=True)
            choice = byte
            for distance in range(1, n // size + 1):
                choice = Mux(times == distance, _bytes(bits)[n - distance * size], choice)
            m.d.sync += part.eq(choice)
            if n // size < len(lacks):
                with m.If(lacks[n // size]):
                    m.d.sync += part.eq(0)
            parts.append(part)
        return Cat(parts)

    def _pack(self, m, rounded, zero, nan, sign):
        """The result, two cycles later: the number, or a special value by the exponent's range."""
        exponent = rounded.exponent
        under = delay(m, "under", zero | exponent[-1] | (exponent[:-1] == 0), 1)
        over = delay(m, "over", ~exponent[-1] & (exponent[8:-1].any() | exponent[:8].all()), 1)
        late_nan = delay(m, "late_nan", nan, 1)
        number = delay(m, "number", Cat(rounded.fraction, exponent[:8], sign), 1)

        result = Signal(binary32_layout(), reset_less=True)
        m.d.comb += self.value.eq(result)
        m.d.sync += result.eq(number)
        with m.If(late_nan):
            m.d.sync += result.eq(Const(BINARY32_NAN, BINARY32_BITS))
        with m.Elif(under):
            m.d.sync += [result.fraction.eq(0), result.exponent.eq(0)]
        with m.Elif(over):
            m.d.sync += [result.fraction.eq(0), result.exponent.eq(BINARY32_INFINITE)]


def _bytes(bits):
    return [bits[start : start + _BYTE] for start in range(0, len(bits), _BYTE)]
