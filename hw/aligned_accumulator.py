"""The accumulator of one output: shift to the reference exponent, then an integer add."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.formats import PASS_DOT_BITS
from hw.carry_sum import CarryOp, carry_sum, check_target
from hw.delay import delay

__all__ = ["AlignedAccumulator", "distance_bits"]


def distance_bits(fraction_bits):
    """Bits of one operand's exponent distance: at its largest value nothing but the sign is left."""
    return (fraction_bits + PASS_DOT_BITS - 1).bit_length()


class AlignedAccumulator(wiring.Component):
    """``total = (first ? 0 : total) + floor((-1)**negate * dot * 2**fraction_bits / 2**distance)``.

    The shifter only moves ``dot``; the sign is applied in the addition, where ``-floor(v)`` becomes
    ``floor(-v)`` by withholding the carry when the shift dropped a one. The addition is cut in two:
    the high half follows the low half by one cycle.

    Latency from ``dot`` to the low half of ``total`` is ``latency`` cycles, to the high half one
    more; throughput one addition per cycle; no flow control. ``first`` is sampled
    ``first_delay`` cycles after the ``dot`` that it belongs to.

    Parameters
    ----------
    fraction_bits:
        F, bits kept below the reference exponent (1 to 24).
    width:
        W, bits of the accumulator (``golden.formats.accumulator_bits``).
    target:
        One of ``hw.carry_sum.TARGETS``.

    Members
    -------
    dot: In(signed(15)); negate: In(1); distance: In, the sum of both operands' exponent distances
    first: In(1), start from 0
    total: Out(width), bits ``low_bits`` and up one cycle after the rest
    """

    latency = 4
    first_delay = 3

    def __init__(self, *, fraction_bits, width, target="generic"):
        check_target(target)
        if not 1 <= fraction_bits <= 24:
            raise ValueError(f"fraction_bits must be 1 to 24, not {fraction_bits!r}")
        if width <= PASS_DOT_BITS + fraction_bits:
            raise ValueError(
                f"width must be more than {PASS_DOT_BITS + fraction_bits} to hold a shifted dot product, "
                f"not {width!r}"
            )
        self.fraction_bits = fraction_bits
        self.width = width
        self.target = target
        super().__init__({
            "dot": In(signed(PASS_DOT_BITS)),
            "negate": In(1),
            "distance": In(distance_bits(fraction_bits) + 1),
            "first": In(1),
            "total": Out(width),
        })

    @property
    def low_bits(self):
        """Bits of the half that is added first."""
        return self.width // 2

    def elaborate(self, platform):
        m = Module()
        steps = len(self.distance) - 1
        reach = (1 << steps) - 1
        value, distance, negate = self.dot, self.distance, self.negate
        # Left-align by 2**steps - 1 - distance in three cycles, two binary digits in each of the first.
        for stage, (low, high) in enumerate(((0, 2), (2, 4), (4, steps))):
            for step in range(low, high):
                value = Mux(distance[step], value, value.shift_left(1 << step))
            if stage < 2:
                kept = Signal(value.shape(), name=f"aligned_{stage}", reset_less=True)
                m.d.sync += kept.eq(value)
                rest = distance[high:]
                distance = Cat(distance[:high], delay(m, f"distance_{stage}", rest, 1))
                value, negate = kept, delay(m, f"negate_{stage}", negate, 1)
        dropped = reach - self.fraction_bits
        too_far = distance[steps]
        sign = value[-1]
        shifted = Signal(signed(PASS_DOT_BITS + self.fraction_bits), reset_less=True)
        exact = Signal(reset_less=True)
        negate = delay(m, "negate_shifted", negate, 1)
        m.d.sync += [
            shifted.eq(Mux(too_far, sign.replicate(len(shifted)), value[dropped:])),
            exact.eq(~value[:dropped].any() & ~(too_far & value.any())),
        ]

        split = self.low_bits
        low, high = Signal(split, reset_less=True), Signal(self.width - split, reset_less=True)
        carry = Signal(reset_less=True)
        low_sum = carry_sum(m, "low_sum", CarryOp.CLEAR_XOR, split + 1, a=low, b=self.first,
                            c=shifted[:split], d=Cat(negate.replicate(split), 0), carry=negate & exact,
                            target=self.target)
        high_sum = carry_sum(m, "high_sum", CarryOp.CLEAR_XOR, self.width - split, a=high,
                             b=delay(m, "first_high", self.first, 1),
                             c=delay(m, "shifted_high", shifted[split:].as_signed(), 1),
                             d=delay(m, "negate_high", negate, 1), carry=carry, target=self.target)
        m.d.sync += [Cat(low, carry).eq(low_sum), high.eq(high_sum)]
        m.d.comb += self.total.eq(Cat(low, high))
        return m
