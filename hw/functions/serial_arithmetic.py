"""Arithmetic a bit per cycle, the lowest one first."""

from amaranth.hdl import Cat, Module, Mux, Shape, Signal, signed

__all__ = ["SerialArithmetic"]

_GROUP = 3
"""Low bits of a place, by which bits are picked first."""


class SerialArithmetic:
    """Bits of integers in a module's registers, all of them 0 until ``run``.

    Every method returns the next bit of its result, from a register: a cycle later than the bits it is made
    of, two cycles later than ``place``.

    Parameters
    ----------
    m:
        Module that gets the registers.
    run:
        Whether cycles count.
    place:
        Cycles since ``run`` became 1.
    bits:
        Bits of the integers, in two's complement; products and sums are cut to so many.
    """

    def __init__(self, m: Module, *, run, place, bits):
        self._m = m
        self._run = run
        self._place = place
        self._bits = bits
        self._group = self.register("group", place[_GROUP:], len(place) - _GROUP)

    def register(self, name, value, shape=1):
        """``value`` a cycle later."""
        kept = Signal(shape, name=name, reset_less=True)
        with self._m.If(self._run):
            self._m.d.sync += kept.eq(value)
        with self._m.Else():
            self._m.d.sync += kept.eq(0)
        return kept

    def bits_of(self, name, number, *, enable=1):
        """Those of ``number``, which has any width below ``bits``; 0 unless ``enable``."""
        padded = Signal(signed(self._bits), name=f"{name}_padded")
        self._m.d.comb += padded.eq(number)
        # By the low bits of the place, then by the high ones.
        low = self._place[:_GROUP]
        groups = [padded[at : at + (1 << _GROUP)] for at in range(0, self._bits, 1 << _GROUP)]
        picked = self.register(
            f"{name}_picked", Cat(group.bit_select(low, 1) for group in groups), len(groups)
        )
        return self.register(f"{name}_bit", picked.bit_select(self._group, 1) & enable)

    def product(self, name, bit, factor):
        """Those of a number with this ``bit``, times the signed ``factor``, which stays."""
        more = Signal(signed(len(factor) + 1), name=f"{name}_more")
        so_far = self.register(name, more[1:], signed(len(factor)))
        self._m.d.comb += more.eq(so_far + Mux(bit, factor, 0))
        return self.register(f"{name}_bit", more[0])

    def sum(self, name, adds, subtracts=()):
        """Those of a sum of numbers with the bits ``adds``, less those with the bits ``subtracts``."""
        # A carry is between minus the number of subtracted bits and the number of added ones.
        carries = Shape.cast(range(-len(subtracts), max(2, len(adds))))
        total = Signal(signed(carries.width + 2), name=f"{name}_total")
        carry = self.register(f"{name}_carry", total[1:][: carries.width], carries)
        self._m.d.comb += total.eq((sum(adds, carry) - sum(subtracts))[: len(total)].as_signed())
        return self.register(f"{name}_bit", total[0])
