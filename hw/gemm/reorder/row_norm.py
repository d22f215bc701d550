"""Rows normalized and modulated."""

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE
from hw.block.binary32 import BINARY32_BITS
from hw.functions.normalize import Normalize
from hw.functions.row_factors import row_factors_layout
from hw.gemm.reorder.reorder import row_block_layout
from hw.gemm.reorder.vector_memory import VectorMemory
from hw.gemm.results.part_slices import join_slices
from hw.stream.free_pipeline import FreePipeline
from hw.stream.packet import packet_layout
from hw.target.delay import delay

__all__ = ["RowNorm"]

_ONE = 0x3F800000
"""1.0 in binary32."""


class RowNorm(wiring.Component):
    """``(row * factor + offset) * scale + shift``, the last step of ``golden.functions.normalize``.

    If ``exponential``, ``exp2(row + offset)``, that of ``golden.functions.exponential``.

    A block comes, and its parts leave. Throughput is ``lanes`` elements per cycle, latency that of
    ``Normalize`` and of a ``FreePipeline``. ``i.ready`` depends on registers alone.

    Parameters
    ----------
    columns:
        Longest row.
    words:
        Elements of a part, a divisor of 16.
    lanes:
        Elements per cycle, a divisor of ``words``.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    has_shift, has_scale: In(1), else 0.0 and 1.0; both hold still while anything is under way
    exponential: In(1), likewise; there is no shift and no scale then
    vector: In(stream of ``row_block_layout``), the shift, then the scale, as far as there are
    loaded: Out(1), the last of them is taken in this cycle
    factors: In(stream of ``row_factors_layout``), for each row one
    i: In(stream of ``row_block_layout``); o: Out(stream of ``words`` binary32)
    """

    def __init__(self, *, columns, words, lanes, target="generic"):
        self.columns = columns
        self.words = words
        self.lanes = lanes
        self.target = target
        row = stream.Signature(row_block_layout())
        super().__init__(
            {
                "has_shift": In(1),
                "has_scale": In(1),
                "exponential": In(1),
                "vector": In(row),
                "loaded": Out(1),
                "factors": In(stream.Signature(row_factors_layout())),
                "i": In(row),
                "o": Out(stream.Signature(data.ArrayLayout(BINARY32_BITS, words))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        packet = stream.Signature(packet_layout(BINARY32_BITS * self.lanes, 0))
        given, made = packet.create(path=("given",)), packet.create(path=("made",))
        pipe = FreePipeline(m, i=given, o=made, stages=Normalize.latency, target=self.target)
        slices, slices_of_part = BLOCK_SIZE // self.lanes, self.words // self.lanes
        number = Signal(range(max(2, slices)))
        last, row_ends = Signal(), Signal()
        block = data.View(data.ArrayLayout(BINARY32_BITS * self.lanes, slices), self.i.p.values)
        m.d.comb += [
            last.eq(number == slices - 1),
            row_ends.eq(last & self.i.p.last),
            given.valid.eq(self.i.valid & self.factors.valid),
            given.p.data.eq(block[number]),
            given.p.last.eq((number & (slices_of_part - 1)) == slices_of_part - 1),
            self.i.ready.eq(given.ready & self.factors.valid & last),
            self.factors.ready.eq(given.valid & given.ready & row_ends),
            self.o.valid.eq(made.valid & made.p.last),
            self.o.p.as_value().eq(join_slices(m, made, lanes=self.lanes, number=slices_of_part)),
            made.ready.eq(~made.p.last | self.o.ready),
        ]
        with m.If(given.valid & given.ready):
            m.d.sync += number.eq(Mux(last, 0, number + 1))
        shift, scale = self._vectors(m, pipe.taken, row_ends)
        self._normalize(m, given.p.data, shift, scale, pipe.result.data)
        return m

    def _normalize(self, m, values, shift, scale, results):
        """Each lane's unit, with what comes late in time for it."""
        factors = self.factors.p
        late = delay(m, "offset", factors.offset.as_value(), Normalize.arrivals["offset"])
        offset = Mux(self.exponential, factors.offset.as_value(), late)
        for n in range(self.lanes):
            bits = slice(BINARY32_BITS * n, BINARY32_BITS * (n + 1))
            m.submodules[f"lane_{n}"] = lane = Normalize()
            m.d.comb += [
                lane.x.as_value().eq(values[bits]),
                lane.exponential.eq(self.exponential),
                lane.factor.eq(factors.factor),
                lane.offset.as_value().eq(offset),
                lane.scale.as_value().eq(scale[n]),
                lane.shift.as_value().eq(shift[n]),
                results[bits].eq(lane.o.as_value()),
            ]

    def _vectors(self, m, taken, row_ends):
        """Shift and scale of each lane, when they are due."""
        second, ends = Signal(), Signal()  # whether the scale follows, or is alone
        is_scale = second | ~self.has_shift
        m.d.comb += [
            ends.eq(self.vector.valid & self.vector.ready & self.vector.p.last),
            self.loaded.eq(ends & (is_scale | ~self.has_scale)),
        ]
        with m.If(ends):
            m.d.sync += second.eq(~self.loaded)
        found, late, ready = [], 0, 0
        for name, due, exists, chosen, otherwise in (
            ("scale", Normalize.arrivals["scale"], self.has_scale, is_scale, _ONE),
            ("shift", Normalize.arrivals["shift"], self.has_shift, ~is_scale, 0),
        ):
            vector = VectorMemory(columns=self.columns, lanes=self.lanes, target=self.target)
            m.submodules[name] = vector
            cycles, late = due - VectorMemory.latency - late, due - VectorMemory.latency
            taken = delay(m, f"{name}_taken", taken, cycles, reset_less=False)
            row_ends = delay(m, f"{name}_row_ends", row_ends, cycles)
            ready |= chosen & vector.i.ready
            m.d.comb += [
                vector.i.valid.eq(self.vector.valid & chosen),
                vector.i.p.eq(self.vector.p),
                vector.reads.eq(taken),
                vector.ends.eq(row_ends),
            ]
            found.insert(0, [Mux(exists, value, Const(otherwise, BINARY32_BITS)) for value in vector.o])
        m.d.comb += self.vector.ready.eq(ready)
        return found
