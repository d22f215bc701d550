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
        # Left-align by reach - distance in three cycles, two binary digits in each of the first.
        fine = self._aligned(m, 0, self.dot, self.distance[:2])
        coarse = delay(m, "coarse", self.distance[2:], 1)
        nearly = self._aligned(m, 2, fine, coarse[:2])
        last = delay(m, "last_steps", coarse[2:], 1)
        value = nearly
        for step in range(4, steps):
            value = Mux(last[step - 4], value, value.shift_left(1 << step))
        shifted = Signal(signed(PASS_DOT_BITS + self.fraction_bits), reset_less=True)
        m.d.sync += shifted.eq(
            Mux(last[-1], value[-1].replicate(len(shifted)), value[reach - self.fraction_bits:]))
        exact = delay(m, "exact", ~self._lost(m, fine, coarse), 1)
        negate = delay(m, "negate", self.negate, 3)

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

    def _aligned(self, m, step, value, digits):
        """``value``, one cycle later and left-shifted by 3 - digits steps of ``2**step``."""
        for digit in range(2):
            value = Mux(digits[digit], value, value.shift_left(1 << (step + digit)))
        aligned = Signal(value.shape(), name=f"aligned_{step}", reset_less=True)
        m.d.sync += aligned.eq(value)
        return aligned

    def _lost(self, m, fine, coarse):
        """Whether the rest of the shift, by 4 * coarse, drops a one of ``fine``; one cycle later."""
        groups = {}
        for bit in range(len(fine)):
            groups.setdefault(-(-(bit + 1 + self.fraction_bits - 3) // 4), []).append(fine[bit])
        lost = Signal(reset_less=True)
        m.d.sync += lost.eq(Cat(Cat(bits).any() & (coarse >= least) for least, bits in groups.items()).any())
        return lost
