"""How many tiles of the stationary operand stay on chip at a time."""

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.engine import least_group
from hw.gemm.geometry import MOST_STRIDE
from hw.gemm.jobs.job import BLOCKS_BITS

__all__ = ["JobPlanner"]


class JobPlanner(wiring.Component):
    """Divides the operand buffers for a job of ``k_blocks`` k-blocks, by counting.

    A K of at most half of a chunk makes slots half as long and twice as many, and so on. A longer one
    has several chunks. How many of the tiles that fit with all of their chunks are a group,
    ``golden.engine.stationary_group`` says.

    Latency some cycles per tile of the group.

    Parameters
    ----------
    geometry:
        Sizes of the engine.

    Members
    -------
    start: In(1); k_blocks: In, keep_b: In(1), held
    stride, group, resident: Out, as in ``job_layout``; done: Out(1), they are valid
    """

    def __init__(self, *, geometry):
        self.geometry = geometry
        super().__init__(
            {
                "start": In(1),
                "k_blocks": In(BLOCKS_BITS),
                "keep_b": In(1),
                "stride": Out(range(MOST_STRIDE + 1)),
                "group": Out(range(geometry.most_group + 1)),
                "resident": Out(1),
                "done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        g = self.geometry
        stride = Signal.like(self.stride)
        for more in range(1, MOST_STRIDE + 1):
            with m.If(self.k_blocks <= g.k_blocks >> more):
                m.d.comb += stride.eq(more)
        left = Signal(BLOCKS_BITS)
        chunks, count = Signal(range(g.tiles + 2)), Signal(range(g.tiles + 1))
        used = Signal(range(2 * g.tiles + 2))
        with m.FSM(name="state"):
            with m.State("IDLE"):
                m.d.comb += self.done.eq(1)
                with m.If(self.start):
                    m.d.sync += [left.eq(self.k_blocks), chunks.eq(1), count.eq(0)]
                    m.next = "CHUNKS"
            with m.State("CHUNKS"):
                with m.If((left > g.k_blocks) & (chunks <= g.tiles)):
                    m.d.sync += [left.eq(left - g.k_blocks), chunks.eq(chunks + 1)]
                with m.Else():
                    m.d.sync += used.eq(chunks)
                    m.next = "GROUP"
            with m.State("GROUP"):
                with m.If((used <= g.tiles) & (chunks != 1)):
                    m.d.sync += [count.eq(count + 1), used.eq(used + chunks)]
                with m.Else():
                    m.next = "SETTLE"
            # The outputs follow in a cycle each.
            with m.State("SETTLE"):
                m.next = "ROUND"
            with m.State("ROUND"):
                m.next = "IDLE"
        fit, half = Signal.like(self.group), Signal.like(self.group)
        least = [min(least_group(g.parameters, keep_b), g.most_group) for keep_b in (False, True)]
        m.d.comb += half.eq(fit >> 1)
        m.d.sync += [
            self.stride.eq(stride),
            fit.eq(Mux(chunks == 1, Const(g.tiles) << self.stride, count)),
            self.resident.eq(fit != 0),
            self.group.eq(Mux(fit == 0, 1, Mux(half >= Mux(self.keep_b, least[1], least[0]), half, fit))),
        ]
        return m
