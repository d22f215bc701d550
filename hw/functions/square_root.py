"""Integer square roots, a bit per cycle."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SquareRoot"]


class SquareRoot(wiring.Component):
    """The integer part of an integer's square root: two bits of it are taken for each bit of the root.

    Latency ``latency`` cycles, one number at a time; streams with valid and ready.

    Parameters
    ----------
    width:
        Bits of the root, half of those of the number.

    Members
    -------
    i: In(stream of ``2 * width`` bits); o: Out(stream of ``width`` bits)
    """

    def __init__(self, *, width):
        self.width = width
        self.latency = width + 1
        super().__init__({"i": In(stream.Signature(2 * width)), "o": Out(stream.Signature(width))})

    def elaborate(self, platform):
        m = Module()
        coming = Signal(2 * self.width, reset_less=True)
        root = Signal(self.width, reset_less=True)
        # What is left of the number is at most twice the root.
        rest = Signal(self.width + 1, reset_less=True)
        steps = Signal(range(self.width + 1))
        full = Signal()
        done = Signal()
        more = Cat(coming[-2:], rest)
        difference = Signal(len(more) + 1)
        below = difference[-1]
        m.d.comb += [
            difference.eq((more - Cat(Const(1, 2), root))[: len(difference)]),
            self.i.ready.eq(~full),
            self.o.valid.eq(done),
            self.o.payload.eq(root),
        ]
        with m.If(~full):
            m.d.sync += [
                full.eq(self.i.valid),
                coming.eq(self.i.payload),
                root.eq(0),
                rest.eq(0),
                steps.eq(self.width),
            ]
        with m.Elif(~done):
            m.d.sync += [
                coming.eq(Cat(Const(0, 2), coming[:-2])),
                root.eq(Cat(~below, root)[: self.width]),
                steps.eq((steps - 1)[: len(steps)]),
                done.eq(steps == 1),
            ]
            with m.If(below):
                m.d.sync += rest.eq(more[: len(rest)])
            with m.Else():
                m.d.sync += rest.eq(difference[: len(rest)])
        with m.Elif(self.o.ready):
            m.d.sync += [full.eq(0), done.eq(0)]
        return m
