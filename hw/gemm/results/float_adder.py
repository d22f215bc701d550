"""Binary32 addition."""

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.block.binary32 import BINARY32_BITS
from hw.block.float_sum import FLOAT_SUM_STAGES, float_sum
from hw.stream.named_stages import NamedStages
from hw.stream.packet import packet_layout
from hw.stream.pipeline import Pipeline

__all__ = ["FloatAdder", "addends_layout"]


def addends_layout(lanes) -> data.StructLayout:
    """Two vectors of binary32 bit patterns, to be added."""
    return data.StructLayout(
        {"x": data.ArrayLayout(BINARY32_BITS, lanes), "y": data.ArrayLayout(BINARY32_BITS, lanes)}
    )


class FloatAdder(wiring.Component):
    """``x + y`` in binary32, ties to even, ``lanes`` sums per beat, bit for bit ``golden.add_binary32``.

    Subnormal operands and sums count as zeros of their sign. A NaN, and infinity minus infinity, give
    0x7FC00000.

    Latency ``latency`` cycles, throughput one beat per cycle; flow control as in a
    ``Pipeline``. ``user`` and ``last`` go along.

    Parameters
    ----------
    lanes:
        Sums per beat.
    user:
        Shape of ``user``.

    Members
    -------
    i: In(stream of packets), data ``addends_layout(lanes)``
    o: Out(stream of packets), data ``lanes`` binary32
    """

    latency = FLOAT_SUM_STAGES

    def __init__(self, *, lanes, user=1):
        self.lanes = lanes
        super().__init__(
            {
                "i": In(stream.Signature(packet_layout(addends_layout(lanes), user))),
                "o": Out(stream.Signature(packet_layout(data.ArrayLayout(BINARY32_BITS, lanes), user))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        pipe = Pipeline(m, i=self.i, o=self.o, stages=self.latency)
        addends = self.i.p.data
        results = []
        for k in range(self.lanes):
            lane = NamedStages(pipe, f"lane{k}")
            value = float_sum(lane, addends.x[k], addends.y[k])
            results.append(lane.register(self.latency, "value", value))
        m.d.comb += [
            Value.cast(self.o.p.data).eq(Cat(results)),
            Value.cast(self.o.p.user).eq(pipe.carry(1, self.latency, "user", Value.cast(self.i.p.user))),
        ]
        return m
