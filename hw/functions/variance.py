"""The variance of a row from its sums, a bit per cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.functions.norm import LONGEST_ROW, MEAN_BITS, MOST_EPSILON, STATISTIC_BITS, VARIANCE_BITS
from hw.block.binary32 import BINARY32_BIAS, BINARY32_INFINITE, BINARY32_SIGNIFICAND, binary32_layout
from hw.functions.row_sums import FINE_BITS, SQUARE_DIGIT, row_sums_layout
from hw.functions.serial_arithmetic import SerialArithmetic

__all__ = ["ROOT_BITS", "TOTAL_BITS", "Variance", "variance_layout"]

ROOT_BITS = (VARIANCE_BITS + 1) // 2
"""Bits of the variance's root, half of those of the variance."""

TOTAL_BITS = 40
"""Bits of the sum of a row's elements, with its sign, that count in the mean."""

BITS = 64
"""Bits of the variance of a row times its width squared, one of them for a shift by two."""

LATE = 5
"""Registers from a bit of the sums to that of the variance."""

_MOST_POWER = (BITS - 2 * ROOT_BITS) // 2
_LEAST_POWER = _MOST_POWER + 1 - BITS // 2


def variance_layout() -> data.StructLayout:
    """A row's variance and mean, in units that ``row_sums_layout`` has.

    The variance times the width squared is ``number * 4**power``, where one of the two highest bits of
    ``number`` is set; at least 1. ``minus_total`` is minus the sum of elements, cut downwards by
    ``MEAN_BITS`` bits.
    """
    return data.StructLayout(
        {
            "number": 2 * ROOT_BITS,
            "power": range(_LEAST_POWER, _MOST_POWER + 1),
            "minus_total": signed(TOTAL_BITS),
            "largest": BINARY32_INFINITE.bit_length(),
        }
    )


class Variance(wiring.Component):
    """``width * squares - total**2 + epsilon`` of a row's sums, as ``golden.functions.norm.row_statistics``.

    The lowest bit comes first, in serial arithmetic: products of a number by the bits of another one, sums
    with a carry. Then the highest bit is sought, two bits a cycle.

    Latency 71 to 102 cycles, one row at a time, whose sums are held for 70; streams with valid and ready.

    Members
    -------
    i: In(stream of ``row_sums_layout()``); o: Out(stream of ``variance_layout()``)
    width: In
        Elements of a row, 1 to ``LONGEST_ROW``; this and what follows stays while there are sums of rows.
    mean: In(1)
        0 for RMS norm: the mean counts as 0.
    epsilon: In(``binary32_layout``)
        ``eps * width**2``, not negative; infinity counts as a large number.
    """

    def __init__(self):
        super().__init__(
            {
                "i": In(stream.Signature(row_sums_layout())),
                "o": Out(stream.Signature(variance_layout())),
                "width": In(range(LONGEST_ROW + 1)),
                "mean": In(1),
                "epsilon": In(binary32_layout()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        i, o = self.i, self.o
        place = Signal(range(BITS + LATE))
        run = Signal()
        last = Signal()
        value = Signal(BITS, reset_less=True)
        power = Signal.like(o.p.power, reset_less=True)
        largest = Signal.like(o.p.largest, reset_less=True)
        m.d.comb += [last.eq(place == BITS + LATE - 1), i.ready.eq(run & last)]

        serial = SerialArithmetic(m, run=run, place=place, bits=BITS)
        bit = self._variance(m, serial, run, place)
        with m.FSM():
            with m.State("idle"):
                m.d.sync += [place.eq(0), largest.eq(i.p.largest), power.eq(_MOST_POWER)]
                with m.If(i.valid):
                    m.next = "sums"
            with m.State("sums"):
                m.d.comb += run.eq(1)
                m.d.sync += [place.eq((place + 1)[: len(place)]), value.eq(Cat(value[1:], bit))]
                with m.If(last):
                    m.next = "highest bit"
            with m.State("highest bit"):
                # Of 0 none is found: it becomes 1 below, which takes all the shifts there may be.
                with m.If(~value[-2:].any() & (power != _LEAST_POWER)):
                    m.d.sync += value.eq(Cat(Const(0, 2), value[:-2]))
                    m.d.sync += power.eq((power - 1)[: len(power)])
                with m.Else():
                    m.next = "found"
            with m.State("found"):
                m.d.comb += o.valid.eq(1)
                with m.If(o.ready):
                    m.next = "idle"
        number = value[-2 * ROOT_BITS :]
        m.d.comb += [
            o.p.number.eq(Cat(number[:-2], number[-2] | ~number[-1], number[-1])),
            o.p.power.eq(power),
            o.p.minus_total.eq(self._minus_total(m, serial, run, place)),
            o.p.largest.eq(largest),
        ]
        return m

    def _minus_total(self, m, serial, run, place):
        """Minus the sum of elements, but for its lowest bits; complete long before the variance."""
        sums, mean = self.i.p, self.mean
        fine = serial.bits_of("fine", sums.fine, enable=mean)
        coarse = Cat(Const(0, FINE_BITS), sums.coarse).as_signed()
        coarse = serial.bits_of("coarse_of_total", coarse, enable=mean)
        bit = serial.sum("minus_total", (), subtracts=(fine, coarse))
        total = Signal(signed(TOTAL_BITS), name="minus_total", reset_less=True)
        # The lowest bit comes three cycles late, and what came before leaves at the other end.
        with m.If(run & (place <= TOTAL_BITS + MEAN_BITS + 2)):
            m.d.sync += total.eq(Cat(total[1:], bit))
        return total

    def _variance(self, m, serial, run, place):
        """The variance's bit of ``LATE`` cycles ago."""
        sums = self.i.p
        low = serial.bits_of("square", sums.square)
        high = serial.bits_of("square_high", Cat(Const(0, SQUARE_DIGIT), sums.square_high))
        squares = serial.sum("squares", (low, high))
        coarse = serial.register("coarse_late", serial.bits_of("coarse", sums.coarse, enable=self.mean))
        scaled = serial.product("scaled", squares, Cat(self.width, Const(0, 1)).as_signed())
        total = serial.product("total", coarse, sums.coarse)
        epsilon = self._epsilon_bit(m, serial, run, place)
        return serial.sum("variance", (scaled, epsilon), subtracts=(total,))

    def _epsilon_bit(self, m, serial, run, place):
        """A bit of epsilon, or of the largest that is added, in the variance's unit: beside the products."""
        epsilon, largest = self.epsilon, self.i.p.largest
        # Which bit of the significand is next, if any. It starts below the variance's lowest bit.
        before = LATE - 3
        unit = 2 * (BINARY32_BIAS + STATISTIC_BITS) - (BINARY32_BIAS + BINARY32_SIGNIFICAND - 1)
        position = Signal(signed(len(epsilon.exponent) + 2), reset_less=True)
        large = Signal(reset_less=True)
        is_large = (position < BINARY32_SIGNIFICAND - MOST_EPSILON - before) | (
            epsilon.exponent == BINARY32_INFINITE
        )
        normal = epsilon.exponent.any()
        m.d.sync += [position.eq((position + 1)[: len(position)])]
        with m.If(~run):
            m.d.sync += position.eq((2 * largest - epsilon.exponent - unit - before)[: len(position)])
        with m.Elif(place == 0):
            m.d.sync += large.eq(is_large)
            with m.If(is_large):
                m.d.sync += position.eq(1 - before - MOST_EPSILON)
        significand = Cat(epsilon.fraction, Const(1, 1), Const(0, 32 - BINARY32_SIGNIFICAND))
        inside = serial.register("epsilon_inside", normal & (position[5:] == 0))
        first = serial.register("epsilon_first", ~position[:5].any())
        picked = serial.register("epsilon_picked", significand.bit_select(position[:5], 1))
        return serial.register("epsilon_bit", inside & Mux(large, first, picked))
