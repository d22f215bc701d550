"""A register in a stream, in both directions."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SkidBuffer"]


class SkidBuffer(wiring.Component):
    """The stream ``i`` at ``o``, one cycle later, with no path between their sides within a cycle.

    Throughput one transfer per cycle. ``i.ready`` is a register: a transfer that comes in the cycle in
    which ``o`` stalls goes to a second register.

    Parameters
    ----------
    shape:
        Shape of the payload.

    Members
    -------
    i: In(stream of shape); o: Out(stream of shape)
    """

    latency = 1
    capacity = 2

    def __init__(self, *, shape):
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        payload, result = Value.cast(self.i.payload), Value.cast(self.o.payload)
        spare = Signal(len(payload), reset_less=True)
        full = Signal()
        m.d.comb += self.i.ready.eq(~full)
        with m.If(~full):
            m.d.sync += spare.eq(payload)
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += [
                self.o.valid.eq(full | self.i.valid),
                result.eq(Mux(full, spare, payload)),
                full.eq(0),
            ]
        with m.Elif(self.i.valid):
            m.d.sync += full.eq(1)
        return m
