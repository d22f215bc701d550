"""The chunks of K, as the tile loop counts them."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.gemm.jobs.job import BLOCKS_BITS

__all__ = ["ChunkCounter"]


class ChunkCounter(wiring.Component):
    """Which chunk of K it is: how many k-blocks it has, how many of each operand's are MX9.

    The outputs belong to the chunk that ``first`` or ``next`` chose two cycles before; ``is_first`` one.

    Parameters
    ----------
    geometry:
        Sizes of the engine.
    operands:
        Operands whose MX9 blocks are counted.

    Members
    -------
    k_blocks: In; leading: In x operands: of whole rows, held
    first, next: In(1), go to the first, the next chunk; there is no next one where ``is_last``
    blocks: Out; taken: Out x operands: of the chunk
    is_first, is_last: Out(1)
    """

    def __init__(self, *, geometry, operands):
        self.most = geometry.k_blocks
        self.operands = operands
        blocks = range(geometry.k_blocks + 1)
        super().__init__(
            {
                "k_blocks": In(BLOCKS_BITS),
                "leading": In(BLOCKS_BITS).array(operands),
                "first": In(1),
                "next": In(1),
                "blocks": Out(blocks),
                "taken": Out(blocks).array(operands),
                "is_first": Out(1),
                "is_last": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        left = Signal(BLOCKS_BITS, reset_less=True)
        is_last, blocks = Signal(), Signal.like(self.blocks)
        m.d.comb += [
            is_last.eq(left <= self.most),
            blocks.eq(Mux(is_last, left, self.most)[: len(blocks)]),
        ]
        m.d.sync += [self.is_last.eq(is_last), self.blocks.eq(blocks)]
        with m.If(self.first):
            m.d.sync += [left.eq(self.k_blocks), self.is_first.eq(1)]
        with m.Elif(self.next):
            m.d.sync += [left.eq(left - self.most), self.is_first.eq(0)]
        for n, (whole, taken) in enumerate(zip(self.leading, self.taken, strict=True)):
            leading = Signal(BLOCKS_BITS, name=f"leading_{n}_left", reset_less=True)
            m.d.sync += taken.eq(Mux(leading < blocks, leading, blocks)[: len(taken)])
            with m.If(self.first):
                m.d.sync += leading.eq(whole)
            with m.Elif(self.next):
                m.d.sync += leading.eq(leading - taken)
        return m
