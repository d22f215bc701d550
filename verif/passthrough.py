"""A register slice, with faults on request: the device on which the benches' own tests run."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.stream.packet import packet_layout

FAULTS = ("drop", "data", "unstable", "retract", "unreset")


class Passthrough(wiring.Component):
    """``o = i``, one cycle later, at one beat per cycle; AXI4-Stream rules at both ends.

    Parameters
    ----------
    fault:
        ``None``, or what goes wrong with every eighth beat: ``"drop"`` loses it, ``"data"`` flips a bit,
        ``"unstable"`` flips a bit while the beat is stalled, ``"retract"`` withdraws it while it is stalled.
        Or with all: ``"unreset"`` flips a bit of each unless a register that is never reset begins at 0.
    """

    def __init__(self, *, fault=None):
        if fault not in (None, *FAULTS):
            raise ValueError(f"fault must be one of {FAULTS} or None, not {fault!r}")
        self.fault = fault
        layout = packet_layout(unsigned(144), unsigned(2))
        super().__init__({"i": In(stream.Signature(layout)), "o": Out(stream.Signature(layout))})

    def elaborate(self, platform):
        m = Module()
        number = Signal(3)
        accept, faulty, stalled = Signal(), Signal(), Signal()

        m.d.comb += [
            self.i.ready.eq(~self.o.valid | self.o.ready),
            accept.eq(self.i.valid & self.i.ready),
            faulty.eq(number == 7),
            stalled.eq(self.o.valid & ~self.o.ready & faulty),
        ]

        with m.If(self.i.ready):
            m.d.sync += self.o.valid.eq(self.i.valid)
        with m.If(accept):
            m.d.sync += [self.o.payload.eq(self.i.payload), number.eq(number + 1)]

        if self.fault == "drop":
            with m.If(accept & faulty):
                m.d.sync += self.o.valid.eq(0)
        elif self.fault == "data":
            with m.If(accept & faulty):
                m.d.sync += self.o.p.data[0].eq(~self.i.p.data[0])
        elif self.fault == "unstable":
            with m.If(stalled):
                m.d.sync += self.o.p.data[0].eq(~self.o.p.data[0])
        elif self.fault == "retract":
            with m.If(stalled):
                m.d.sync += self.o.valid.eq(0)
        elif self.fault == "unreset":
            flips = Signal(8, reset_less=True)
            m.d.sync += flips.eq(flips)
            with m.If(accept & flips.any()):
                m.d.sync += self.o.p.data[0].eq(~self.i.p.data[0])
        return m
