"""Binary32 addition, and products beside it."""

from amaranth.hdl import Cat, Module, Mux, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.block.binary32 import BINARY32_BITS, binary32_layout
from hw.block.float_sum import FLOAT_SUM_STAGES, float_sum
from hw.functions.product import PRODUCT_STAGES, multiply17_stages
from hw.stream.named_stages import NamedStages
from hw.stream.packet import packet_layout
from hw.stream.pipeline import Pipeline

__all__ = ["FloatAdder", "addends_layout"]


def addends_layout(lanes) -> data.StructLayout:
    """Two vectors of binary32 bit patterns, to be added, or to be multiplied."""
    return data.StructLayout(
        {
            "x": data.ArrayLayout(BINARY32_BITS, lanes),
            "y": data.ArrayLayout(BINARY32_BITS, lanes),
            "multiply": 1,
        }
    )


class FloatAdder(wiring.Component):
    """``x + y`` in binary32, ties to even, ``lanes`` sums per beat, bit for bit ``golden.add_binary32``.

    Subnormal operands and sums count as zeros of their sign. A NaN, and infinity minus infinity, give
    0x7FC00000. With ``multiplies``, ``x * y`` where ``multiply`` is set, as ``golden.functions.multiply17``.

    Latency ``latency`` cycles, throughput one beat per cycle; flow control as in a
    ``Pipeline``. ``user`` and ``last`` go along.

    Parameters
    ----------
    lanes:
        Sums per beat.
    user:
        Shape of ``user``.
    multiplies:
        Whether there are products.

    Members
    -------
    i: In(stream of packets), data ``addends_layout(lanes)``
    o: Out(stream of packets), data ``lanes`` binary32
    """

    latency = FLOAT_SUM_STAGES

    def __init__(self, *, lanes, user=1, multiplies=False):
        self.lanes = lanes
        self._multiplies = multiplies
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
        multiply = pipe.carry(1, self.latency - 1, "multiply", addends.multiply) if self._multiplies else None
        results = []
        for k in range(self.lanes):
            lane, x, y = NamedStages(pipe, f"lane{k}"), addends.x[k], addends.y[k]
            value = float_sum(lane, x, y)
            if self._multiplies:
                value = Mux(multiply, _product(lane, x, y), value)
            results.append(lane.register(self.latency, "value", value))
        m.d.comb += [
            Value.cast(self.o.p.data).eq(Cat(results)),
            Value.cast(self.o.p.user).eq(pipe.carry(1, self.latency, "user", Value.cast(self.i.p.user))),
        ]
        return m


def _product(lane, x, y):
    """The product, for a register of the last stage."""
    x, y = (data.View(binary32_layout(), factor) for factor in (x, y))
    product = multiply17_stages(lane, x, y)
    return lane.carry(PRODUCT_STAGES, FloatAdder.latency - 1, "product_value", product)
