"""The chunks of K, as the tile loop counts them."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.gemm.jobs.job import BLOCKS_BITS

__all__ = ["ChunkCounter"]


class ChunkCounter(wiring.Component):
    """Which chunk of K it is: how many k-blocks it has, how many of A and of B are MX9.

    The outputs belong to the chunk that ``first`` or ``next`` chose two cycles before; ``is_first`` one.

    Parameters
    ----------
    geometry:
        Sizes of the engine.

    Members
    -------
    k_blocks, a_leading, b_leading: In, of whole rows, held
    first, next: In(1), go to the first, the next chunk
    blocks, a_taken, b_taken: Out, of the chunk
    is_first, is_last: Out(1)
    """

    def __init__(self, *, geometry):
        self._most = geometry.k_blocks
        blocks = range(geometry.k_blocks + 1)
        super().__init__(
            {
                "k_blocks": In(BLOCKS_BITS),
                "a_leading": In(BLOCKS_BITS),
                "b_leading": In(BLOCKS_BITS),
                "first": In(1),
                "next": In(1),
                "blocks": Out(blocks),
                "a_taken": Out(blocks),
                "b_taken": Out(blocks),
                "is_first": Out(1),
                "is_last": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        left = Signal(BLOCKS_BITS, reset_less=True)
        is_last = Signal()
        m.d.comb += is_last.eq(left <= self._most)
        m.d.sync += [self.is_last.eq(is_last), self.blocks.eq(Mux(is_last, left, self._most))]
        with m.If(self.first):
            m.d.sync += [left.eq(self.k_blocks), self.is_first.eq(1)]
        with m.Elif(self.next):
            m.d.sync += [left.eq(left - self._most), self.is_first.eq(0)]
        for name, whole, taken in (
            ("a_leading", self.a_leading, self.a_taken),
            ("b_leading", self.b_leading, self.b_taken),
        ):
            leading = Signal(BLOCKS_BITS, name=f"{name}_left", reset_less=True)
            m.d.comb += taken.eq(Mux(leading < self.blocks, leading, self.blocks))
            with m.If(self.first):
                m.d.sync += leading.eq(whole)
            with m.Elif(self.next):
                m.d.sync += leading.eq(leading - taken)
        return m
