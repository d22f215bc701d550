"""Many streams into one."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Arbiter"]


class Arbiter(wiring.Component):
    """``o`` is the first of the streams ``i`` that is valid: fixed priority, ``i[0]`` first.

    No latency, throughput one transfer per cycle. An input is ready when ``o`` is and no input
    before it is valid, whether it is valid itself or not. One that becomes valid goes ahead of those that
    wait: during a stall the payload of ``o`` may change for a more urgent one, but nothing is lost.

    Transfers that belong together stay together: while ``more`` of the last one that was taken is true, its
    stream is the only one.

    Parameters
    ----------
    shape:
        Shape of the payload.
    inputs:
        Number of streams, at least 1.
    more:
        Makes of a payload whether the next one of its stream belongs to it; by default none does.

    Members
    -------
    i: In(stream of shape) x inputs, the most urgent one first
    o: Out(stream of shape)

    Raises
    ------
    TypeError, ValueError
        ``shape`` is no shape, ``inputs`` is not an integer or less than 1.
    """

    def __init__(self, *, shape, inputs, more=None):
        if not isinstance(inputs, int) or isinstance(inputs, bool):
            raise TypeError(f"inputs must be an integer, not {inputs!r}")
        if inputs < 1:
            raise ValueError(f"inputs must be at least 1, not {inputs!r}")
        self.shape = shape
        self.inputs = inputs
        self.more = more
        super().__init__(
            {
                "i": In(stream.Signature(shape)).array(inputs),
                "o": Out(stream.Signature(shape)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        may = self._may_send(m) if self.more else [1] * self.inputs
        offers = [source.valid & allowed for source, allowed in zip(self.i, may, strict=True)]
        m.d.comb += self.o.valid.eq(Cat(offers).any())
        free = self.o.ready
        for source, allowed, offer in zip(self.i, may, offers, strict=True):
            m.d.comb += source.ready.eq(free & allowed)
            free = free & ~offer
        for source, offer in reversed(list(zip(self.i, offers, strict=True))):  # the last assignment holds
            with m.If(offer):
                m.d.comb += self.o.payload.eq(source.payload)
        return m

    def _may_send(self, m):
        """Whether each stream may send: all, or that alone whose transfers go on."""
        everyone = (1 << self.inputs) - 1
        may = Signal(self.inputs, init=everyone)
        with m.If(self.o.valid & self.o.ready):
            taken = Cat(source.valid & source.ready for source in self.i)
            m.d.sync += may.eq(Mux(self.more(self.o.payload), taken, everyone))
        return list(may)
