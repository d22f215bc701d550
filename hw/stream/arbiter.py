"""Many streams into one."""

from amaranth.hdl import Cat, Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Arbiter"]


class Arbiter(wiring.Component):
    """``o`` is the first of the streams ``i`` that is valid: fixed priority, ``i[0]`` first.

    Combinational: no latency, throughput one transfer per cycle. An input is ready when ``o`` is and no input
    before it is valid, whether it is valid itself or not. One that becomes valid goes ahead of those that
    wait: during a stall the payload of ``o`` may change for a more urgent one, but nothing is lost.

    Parameters
    ----------
    shape:
        Shape of the payload.
    inputs:
        Number of streams, at least 1.

    Members
    -------
    i: In(stream of shape) x inputs, the most urgent one first
    o: Out(stream of shape)

    Raises
    ------
    TypeError, ValueError
        ``shape`` is no shape, ``inputs`` is not an integer or less than 1.
    """

    def __init__(self, *, shape, inputs):
        if not isinstance(inputs, int) or isinstance(inputs, bool):
            raise TypeError(f"inputs must be an integer, not {inputs!r}")
        if inputs < 1:
            raise ValueError(f"inputs must be at least 1, not {inputs!r}")
        self.shape = shape
        self.inputs = inputs
        super().__init__(
            {
                "i": In(stream.Signature(shape)).array(inputs),
                "o": Out(stream.Signature(shape)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.valid.eq(Cat(source.valid for source in self.i).any())
        free = self.o.ready
        for source in self.i:
            m.d.comb += source.ready.eq(free)
            free = free & ~source.valid
        for source in reversed(self.i):  # of several assignments the last one holds: the first source's
            with m.If(source.valid):
                m.d.comb += self.o.payload.eq(source.payload)
        return m
