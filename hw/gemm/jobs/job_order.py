"""Jobs that end in any order, reported in the order in which they were started."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.gemm.jobs.job import MOST_BESIDE

__all__ = ["JobOrder"]


class JobOrder(wiring.Component):
    """Tells when the oldest job is done: products end in their order, row jobs in theirs.

    A row job that ends before an older product is noted; a product waits for ``product_first``.

    Latency: one cycle from ``row_ends`` to ``row_done``; one job is done per cycle at most.

    Members
    -------
    started: In(1), a job was started; row: In(1), it is a row job
    product_done: In(1), the oldest product is done, only while ``product_first``
    product_first: Out(1), the oldest job is a product; none: Out(1), no job is under way
    row_ends: In(1), the oldest row job that has not ended ends
    row_done: Out(1), the oldest job, a row job, is done
    """

    def __init__(self):
        super().__init__(
            {
                "started": In(1),
                "row": In(1),
                "product_done": In(1),
                "product_first": Out(1),
                "none": Out(1),
                "row_ends": In(1),
                "row_done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        most = MOST_BESIDE + 1
        there, is_row = Signal(most), Signal(most)  # the jobs under way, the oldest first
        ended = Signal(range(most + 1))  # row jobs that were not told of yet
        left, added, done = Signal(most), Signal(most), Signal()
        m.d.comb += [
            self.product_first.eq(there[0] & ~is_row[0]),
            self.none.eq(~there[0]),
            self.row_done.eq(there[0] & is_row[0] & (ended != 0)),
            done.eq(self.product_done | self.row_done),
            left.eq(Mux(done, there >> 1, there)),
            added.eq(~left & Cat(1, left[:-1]) & self.started.replicate(most)),  # behind the last one
        ]
        m.d.sync += [
            ended.eq(ended + self.row_ends - self.row_done),
            there.eq(left | added),
            is_row.eq((Mux(done, is_row >> 1, is_row) & left) | (added & self.row.replicate(most))),
        ]
        return m
