"""The accumulator of one output: shift to the reference exponent, then an integer add."""

from itertools import groupby

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.formats import PASS_DOT_BITS
from hw.target.carry_sum import CarryOp, carry_sum
from hw.target.delay import delay
from hw.target.multiplexer import multiplexer
from hw.target.targets import check_target

__all__ = ["AlignedAccumulator", "distance_bits"]

_STEP = 16
"""The last stage of the shifter moves by multiples of this."""


def distance_bits(fraction_bits, dot_bits=PASS_DOT_BITS):
    """Bits of one operand's exponent distance: at its largest value nothing but the sign is left."""
    return max(4, (fraction_bits + dot_bits - 1).bit_length())


class AlignedAccumulator(wiring.Component):
    """``total = (first ? 0 : total) + floor(dot * 2**fraction_bits / 2**distance)``.

    The shifter clears the bits that a far shift fills with the sign, and the addition inverts them
    to the sign. The addition is cut in two: the high half follows the low half by one cycle.

    Latency from ``dot`` to the low half of ``total`` is ``latency`` cycles, to the high half one
    more; throughput one addition per cycle; no flow control. ``first`` is sampled
    ``first_delay`` cycles after the ``dot`` that it belongs to.

    Parameters
    ----------
    fraction_bits:
        F, bits kept below the reference exponent (1 to 24).
    width:
        W, bits of the accumulator (``golden.formats.accumulator_bits``).
    dot_bits:
        Bits of the dot product, its sign included.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    dot: In(signed(dot_bits)); distance: In, the sum of both operands' exponent distances
    first: In(1), start from 0
    total: Out(width), bits ``low_bits`` and up one cycle after the rest
    """

    latency = 4
    first_delay = 3

    def __init__(self, *, fraction_bits, width, dot_bits=PASS_DOT_BITS, target="generic"):
        check_target(target)
        if not 1 <= fraction_bits <= 24:
            raise ValueError(f"fraction_bits must be 1 to 24, not {fraction_bits!r}")
        if width <= dot_bits + fraction_bits:
            raise ValueError(
                f"width must be more than {dot_bits + fraction_bits} to hold a shifted dot product, "
                f"not {width!r}"
            )
        self.fraction_bits = fraction_bits
        self.width = width
        self.dot_bits = dot_bits
        self.target = target
        super().__init__(
            {
                "dot": In(signed(dot_bits)),
                "distance": In(distance_bits(fraction_bits, dot_bits) + 1),
                "first": In(1),
                "total": Out(width),
            }
        )

    @property
    def low_bits(self):
        """Bits of the half that is added first."""
        return self.width // 2

    def elaborate(self, platform):
        m = Module()
        fine = self._aligned(m, 0, self.dot, self.distance[:2])
        coarse = delay(m, "coarse", self.distance[2:], 1)
        nearly = self._aligned(m, 2, fine, coarse[:2])
        shifted, inverted = self._shifted(m, nearly, delay(m, "steps", coarse[2:], 1))

        split = self.low_bits
        low, high = Signal(split, reset_less=True), Signal(self.width - split, reset_less=True)
        carry = Signal(reset_less=True)
        # With a reset, which it does not need, it is no twin of the register that the neighbour's ``first``
        # comes from: synthesis would make one of both, for two elements.
        first_high = delay(m, "first_high", self.first, 1, reset_less=False)
        low_sum = carry_sum(
            m,
            "low_sum",
            CarryOp.CLEAR_XOR,
            split + 1,
            a=low,
            b=self.first,
            c=shifted[:split],
            d=Cat(inverted[:split]),
            target=self.target,
        )
        high_sum = carry_sum(
            m,
            "high_sum",
            CarryOp.CLEAR_XOR,
            self.width - split,
            a=high,
            b=first_high,
            c=delay(m, "shifted_high", shifted[split:], 1),
            d=self._late(m, inverted[split:]),
            carry=carry,
            target=self.target,
        )
        m.d.sync += [Cat(low, carry).eq(low_sum), high.eq(high_sum)]
        m.d.comb += self.total.eq(Cat(low, high))
        return m

    def _late(self, m, flags):
        """``flags``, most of which are the same signal, one cycle later."""
        runs = [list(run) for _, run in groupby(flags, key=id)]
        return Cat(delay(m, f"fill_high_{i}", run[0], 1).replicate(len(run)) for i, run in enumerate(runs))

    def _aligned(self, m, step, value, digits):
        """``value``, one cycle later and left-shifted by 3 - digits steps of ``2**step``."""
        shifts = [steps << step for steps in reversed(range(4))]
        sign = len(value) - 1

        def sources(bit):
            return [min(bit - shift, sign) for shift in shifts]

        def is_wide(bit):
            return len({source for source in sources(bit) if source >= 0}) > 2

        # A bit at the ends has two sources at most: one LUT4 with the digits, if synthesis may choose it.
        choices = []
        for wide, run in groupby(range(len(value) + shifts[0]), key=is_wide):
            bits = [sources(bit) for bit in run]
            choices.append(
                multiplexer(
                    m,
                    f"choice_{step}_{len(choices)}",
                    digits,
                    [Cat(value[s[n]] if s[n] >= 0 else Const(0, 1) for s in bits) for n in range(4)],
                    target=self.target if wide else "generic",
                )
            )
        aligned = Signal(signed(len(value) + shifts[0]), name=f"aligned_{step}", reset_less=True)
        m.d.sync += aligned.eq(Cat(choices))
        return aligned

    def _shifted(self, m, value, steps):
        """``value`` moved down by 16 * steps, a cycle later, and for each bit a flag that inverts it.

        Bits that the shift leaves without a source are cleared, and inverted where ``value`` is negative.
        """
        low = self.fraction_bits - (_STEP - 1)
        padded = Cat(Const(0, max(low, 0)), value[max(-low, 0) :])
        sign = len(padded) - 1
        parts, inverted = [], []
        for sources, group in groupby(range(sign), key=lambda bit: len(range(bit, sign, _STEP))):
            bits = list(group)
            near = [padded[bits[0] + n * _STEP : bits[-1] + 1 + n * _STEP] for n in range(sources)]
            choice = near[-1]
            for n in reversed(range(sources - 1)):
                choice = Mux(steps == n, near[n], choice)
            part = Signal(len(bits), name=f"shifted_{sources}", reset_less=True)
            with m.If(steps >= sources):
                m.d.sync += part.eq(0)
            with m.Else():
                m.d.sync += part.eq(choice)
            parts.append(part)
            fill = delay(m, f"fill_{sources}", value[-1] & (steps >= sources), 1)
            inverted += [fill] * len(bits)
        inverted += [delay(m, "negative", value[-1], 1)] * (self.width - sign)
        return Cat(parts), inverted
