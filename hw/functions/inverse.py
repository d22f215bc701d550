"""One over an integer, a bit per cycle."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Inverse"]


class Inverse(wiring.Component):
    """``floor(2**(width - 2 + steps) / i)`` of an integer whose highest bit is set: long division.

    Latency ``latency`` cycles, one number at a time; streams with valid and ready.

    Parameters
    ----------
    width:
        Bits of the divisor, at least 2.
    steps:
        Bits of the quotient, of which the highest one is set for ``2**(width - 1)`` alone.

    Members
    -------
    i: In(stream of ``width`` bits); o: Out(stream of ``steps`` bits)

    Raises
    ------
    ValueError
        ``width`` is too small: division begins with half of the least divisor.
    """

    def __init__(self, *, width, steps):
        if width < 2:
            raise ValueError(f"width must be at least 2, not {width!r}")
        self.width = width
        self.steps = steps
        self.latency = steps + 1
        super().__init__({"i": In(stream.Signature(width)), "o": Out(stream.Signature(steps))})

    def elaborate(self, platform):
        m = Module()
        divisor = Signal(self.width, reset_less=True)
        rest = Signal(self.width, reset_less=True)
        # A one runs ahead of the quotient: where it arrives at the top all steps are done.
        quotient = Signal(self.steps + 1, reset_less=True)
        full = Signal()
        done = quotient[-1]
        difference = Signal(self.width + 1)
        below = difference[-1]
        m.d.comb += [
            difference.eq((Cat(Const(0, 1), rest) - divisor)[: self.width + 1]),
            self.i.ready.eq(~full),
            self.o.valid.eq(full & done),
            self.o.payload.eq(quotient[:-1]),
        ]
        with m.If(~full):
            m.d.sync += [
                full.eq(self.i.valid),
                divisor.eq(self.i.payload),
                rest.eq(1 << self.width - 2),
                quotient.eq(1),
            ]
        with m.Elif(~done):
            m.d.sync += quotient.eq(Cat(~below, quotient[:-1]))
            with m.If(below):
                m.d.sync += rest.eq(Cat(Const(0, 1), rest[:-1]))
            with m.Else():
                m.d.sync += rest.eq(difference[: self.width])
        with m.Elif(self.o.ready):
            m.d.sync += full.eq(0)
        return m
