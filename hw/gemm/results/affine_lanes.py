"""Results times factors, plus addends."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.block.binary32 import BINARY32_BITS, binary32_layout
from hw.block.float_sum import FLOAT_SUM_STAGES, float_sum
from hw.functions.product import PRODUCT_STAGES, multiply17_stages
from hw.gemm.results.part_slices import join_slices
from hw.stream.named_stages import NamedStages
from hw.stream.packet import packet_layout
from hw.stream.pipeline import Pipeline

__all__ = ["AffineLanes"]

_NOTHING = 1 << BINARY32_BITS - 1
"""-0, which changes no number that it is added to."""


class AffineLanes(wiring.Component):
    """Parts of rows, each value times a factor, plus an addend; or one of both; or as they are.

    ``golden.functions.multiply17`` and ``golden.add_binary32``; subnormal addends count as zeros.

    As they are they pass without latency. Else throughput is ``lanes`` values per cycle, latency ``latency``
    cycles and, where a part has several slices, those until the last one. ``i.ready`` depends on ``o.ready``
    only where they pass.

    Parameters
    ----------
    words:
        Columns of a part.
    lanes:
        Values per cycle, a power of two, at most ``words``.

    Members
    -------
    multiply, add: In(1), what to do; hold still while anything is under way
    i, o: streams of ``words`` binary32, no subnormals, NaN canonical
    factors, addends: In(stream of ``lanes`` binary32), for each part slice by slice, if ``multiply``, ``add``
    """

    latency = 1 + PRODUCT_STAGES + FLOAT_SUM_STAGES

    def __init__(self, *, words, lanes):
        self.words = words
        self.lanes = lanes
        self._slices = words // lanes
        part, few = (stream.Signature(data.ArrayLayout(BINARY32_BITS, size)) for size in (words, lanes))
        super().__init__(
            {
                "multiply": In(1),
                "add": In(1),
                "i": In(part),
                "factors": In(few),
                "addends": In(few),
                "o": Out(part),
            }
        )

    def elaborate(self, platform):
        m = Module()
        packet = stream.Signature(packet_layout(BINARY32_BITS * self.lanes, 0))
        given, made = packet.create(path=("given",)), packet.create(path=("made",))
        pipe = Pipeline(m, i=given, o=made, stages=self.latency)
        number = Signal(range(max(2, self._slices)))
        active, last, there, taken = (Signal(name=name) for name in ("active", "last", "there", "taken"))
        values = data.View(data.ArrayLayout(BINARY32_BITS * self.lanes, self._slices), self.i.p.as_value())
        m.d.comb += [
            active.eq(self.multiply | self.add),
            last.eq(number == self._slices - 1),
            there.eq((self.factors.valid | ~self.multiply) & (self.addends.valid | ~self.add)),
            given.valid.eq(self.i.valid & active & there),
            given.p.last.eq(last),
            taken.eq(given.valid & given.ready),
            self.factors.ready.eq(taken & self.multiply),
            self.addends.ready.eq(taken & self.add),
            made.p.data.eq(self._calculate(pipe, values[number])),
            made.ready.eq(~made.p.last | self.o.ready),
            self.i.ready.eq(Mux(active, given.ready & there & last, self.o.ready)),
            self.o.valid.eq(Mux(active, made.valid & made.p.last, self.i.valid)),
        ]
        whole = join_slices(m, made, lanes=self.lanes, number=self._slices)
        m.d.comb += self.o.p.as_value().eq(Mux(active, whole, self.i.p.as_value()))
        with m.If(taken):
            m.d.sync += number.eq(Mux(last, 0, number + 1))
        return m

    def _calculate(self, pipe, values):
        """The last stage's registers: cycle 1 takes the operands, 2 to 5 multiply, 6 to 19 add."""
        results = []
        for n in range(self.lanes):
            bits = slice(BINARY32_BITS * n, BINARY32_BITS * (n + 1))
            lane = NamedStages(pipe, f"lane{n}")
            x, factor = (
                lane.register(1, name, value)
                for name, value in (("x", values[bits]), ("factor", self.factors.p[n]))
            )
            addend = Mux(self.add, self.addends.p[n], Const(_NOTHING, BINARY32_BITS))
            addend = lane.carry(1, 1 + PRODUCT_STAGES, "addend", addend)
            multiplication = NamedStages(pipe, f"lane{n}", after=1)
            product = multiply17_stages(
                multiplication, *(data.View(binary32_layout(), f) for f in (x, factor))
            )
            product = multiplication.register(PRODUCT_STAGES, "product_value", product)
            x = lane.carry(2, 1 + PRODUCT_STAGES, "x", x)
            addition = NamedStages(pipe, f"lane{n}_sum", after=1 + PRODUCT_STAGES)
            total = float_sum(addition, Mux(self.multiply, product, x), addend)
            results.append(addition.register(FLOAT_SUM_STAGES, "value", total))
        return Cat(results)
