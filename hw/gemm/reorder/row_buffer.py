"""Rows that wait until it is known what normalizes them."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import LONGEST_ROW
from golden.formats import BLOCK_SIZE
from hw.block.binary32 import BINARY32_BITS, BINARY32_INFINITE, binary32_layout
from hw.functions.row_factors import row_factors_layout
from hw.functions.row_maximum import RowMaximum
from hw.functions.row_statistics import RowStatistics
from hw.functions.row_sums import row_beat_layout
from hw.gemm.memory_format import units_in
from hw.gemm.reorder.block_slices import BlockSlices
from hw.gemm.reorder.largest_exponent import LargestExponent
from hw.gemm.reorder.reorder import row_block_layout
from hw.stream.queue import Queue
from hw.target.block_memory import BlockMemory
from hw.target.delay import delay

__all__ = ["MOST_STATISTIC_LANES", "RowBuffer"]

MOST_STATISTIC_LANES = BLOCK_SIZE // 2
"""Most elements per cycle that sums are made of: half of the reads are left for rows that go on."""

ROWS = 8
"""Rows in the buffer, and factors that wait."""

_LEAST_DEPTH = 512
"""A block memory has so many words at least: room for several rows, which hides what one of them waits."""

LATE = 2
"""Room that is left when no more is taken: ``i.ready`` is a register, made of others."""

_EXPONENT = BINARY32_INFINITE.bit_length()


class RowBuffer(wiring.Component):
    """Rows as they are, each behind its factors: those of ``RowStatistics``, or of ``RowMaximum``.

    A row is read once for its sums, ``lanes`` elements per cycle, when it has arrived and its largest
    exponent is known, and once more to go on, a block per cycle, when its factors are there. Rows lie one
    behind the other in a ring of block memory, so that as many as fit are under way, up to 6.

    Latency of a row: its sums' cycles, at most 200 more, and as many as it has blocks. Throughput a row in
    ``width / lanes`` cycles and a few, or in ``RowStatistics.row_cycles`` where it is shorter and has sums.

    Parameters
    ----------
    columns:
        Longest row.
    lanes:
        Elements per cycle that sums are made of: a power of two, at most ``MOST_STATISTIC_LANES``.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    width, mean, epsilon: In
        As in ``RowStatistics``, of all rows that are under way.
    exponential: In(1)
        Whether all of them get the factors of ``RowMaximum``.
    i: In(stream of ``row_block_layout``)
        Zeros behind a row's end, -infinity if ``exponential``.
    o: Out(stream of ``row_block_layout``)
        ``ready``, once high, stays high until a row's last block.
    factors: Out(stream of ``row_factors_layout``)
        One for each row, there before the row leaves ``o``.
    out_of_range: Out(1)
        A cycle after the factor of a row is known to be NaN.

    Raises
    ------
    ValueError
        ``lanes`` is no such number.
    """

    def __init__(self, *, columns, lanes, target="generic"):
        if lanes not in (1, 2, 4, MOST_STATISTIC_LANES):
            raise ValueError(f"lanes must be 1, 2, 4 or {MOST_STATISTIC_LANES}, not {lanes!r}")
        self.columns = min(columns, LONGEST_ROW)
        self.lanes = lanes
        self.target = target
        blocks = -(-self.columns // BLOCK_SIZE)
        self.depth = max(_LEAST_DEPTH, 2 << (blocks - 1).bit_length())
        super().__init__(
            {
                "width": In(range(LONGEST_ROW + 1)),
                "mean": In(1),
                "epsilon": In(binary32_layout()),
                "exponential": In(1),
                "i": In(stream.Signature(row_block_layout())),
                "o": Out(stream.Signature(row_block_layout())),
                "factors": Out(stream.Signature(row_factors_layout())),
                "out_of_range": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = BlockMemory(
            width=BINARY32_BITS * BLOCK_SIZE, depth=self.depth, target=self.target
        )
        m.submodules.largest = largest = Queue(shape=_EXPONENT, depth=ROWS)
        m.submodules.known = known = Queue(shape=row_factors_layout(), depth=ROWS)
        wiring.connect(m, known.o, wiring.flipped(self.factors))
        last, exponential = Signal(range(self.columns // BLOCK_SIZE + 1)), Signal()
        # They hold still long before a row.
        m.d.sync += [last.eq((units_in(self.width) - 1)[: len(last)]), exponential.eq(self.exponential)]
        m.d.comb += [memory.read_enable.eq(1), memory.output_enable.eq(1)]
        beats = self._find_factors(m, exponential, known.i)
        sum_reads, sum_at = self._sum(m, memory, beats, largest.o, last)
        came, factor = known.i.valid & known.i.ready, known.i.p.factor
        m.d.sync += self.out_of_range.eq(came & factor.exponent.all() & factor.fraction[-1])
        go_reads, go_at, gone = self._go_on(m, memory, came, last, sum_reads)
        m.d.comb += memory.read_address.eq(Mux(sum_reads, sum_at, go_at))
        self._arrive(m, memory, largest.i, go_reads, gone)
        return m

    def _arrive(self, m, memory, largest, released, row_released):
        """Blocks into the ring, as long as there is room for them and their rows."""
        m.submodules.largest_exponent = exponent = LargestExponent()
        used, rows = Signal(range(self.depth + 1)), Signal(range(ROWS + 1))
        at = Signal(range(self.depth))
        taken = Signal()
        m.d.comb += [
            taken.eq(self.i.valid & self.i.ready),
            memory.write_enable.eq(taken),
            memory.write_address.eq(at),
            memory.write_data.eq(self.i.p.values.as_value()),
            exponent.taken.eq(taken),
            exponent.i.eq(self.i.p),
            largest.valid.eq(exponent.found),
            largest.p.eq(exponent.o),
        ]
        m.d.sync += [
            at.eq((at + taken)[: len(at)]),
            used.eq(used + taken - released),
            rows.eq(rows + (taken & self.i.p.last) - row_released),
            self.i.ready.eq((used < self.depth - LATE) & (rows < ROWS - LATE)),
        ]

    def _find_factors(self, m, exponential, factors):
        """What makes ``factors`` of rows: the stream of their beats."""
        m.submodules.statistics = statistics = RowStatistics(lanes=self.lanes)
        m.submodules.maximum = maximum = RowMaximum(lanes=self.lanes)
        beats = stream.Signature(row_beat_layout(self.lanes)).create(path=("beats",))
        m.d.comb += [
            statistics.width.eq(self.width),
            statistics.mean.eq(self.mean),
            statistics.epsilon.eq(self.epsilon),
            statistics.i.p.eq(beats.p),
            statistics.i.valid.eq(beats.valid & ~exponential),
            statistics.o.ready.eq(factors.ready & ~exponential),
            maximum.i.p.eq(beats.p),
            maximum.i.valid.eq(beats.valid & exponential),
            maximum.o.ready.eq(factors.ready & exponential),
            beats.ready.eq(Mux(exponential, maximum.i.ready, statistics.i.ready)),
            factors.valid.eq(Mux(exponential, maximum.o.valid, statistics.o.valid)),
            factors.p.eq(Mux(exponential, maximum.o.p.as_value(), statistics.o.p.as_value())),
        ]
        return beats

    def _sum(self, m, memory, beats, largest, last):
        """The oldest row without factors, in ``beats``: whether a block is read, and its address.

        A block is read when the one before has its first slices; they come one after the other.
        """
        m.submodules.slices = slices = BlockSlices(lanes=self.lanes)
        busy, reading, reads = Signal(), Signal(), Signal(name="sum_reads")
        block, at = Signal.like(last), Signal(range(self.depth), name="sum_at")
        phase = Signal(range(BLOCK_SIZE // self.lanes))
        exponent = Signal.like(largest.p, reset_less=True)
        begins, is_last = Signal(), Signal()
        m.d.comb += [
            begins.eq(largest.valid & ~busy),
            largest.ready.eq(~busy),
            reads.eq(reading & (phase == 0)),
            is_last.eq(block == last),
            slices.given.eq(delay(m, "sum_read", reads, BlockMemory.latency, reset_less=False)),
            slices.i.last.eq(delay(m, "sum_last", is_last, BlockMemory.latency)),
            slices.i.values.as_value().eq(memory.data),
            beats.p.user.eq(exponent),
            beats.p.data.eq(slices.o.p.data),
            beats.p.last.eq(slices.o.p.last),
            beats.valid.eq(slices.o.valid),
            slices.o.ready.eq(beats.ready),
        ]
        m.d.sync += phase.eq(Mux(reading, phase + 1, 0)[: len(phase)])
        with m.If(begins):
            m.d.sync += [busy.eq(1), reading.eq(1), exponent.eq(largest.p)]
        with m.If(reads):
            m.d.sync += [at.eq(at + 1), block.eq(Mux(is_last, 0, block + 1))]
            with m.If(is_last):
                m.d.sync += reading.eq(0)
        with m.If(slices.o.valid & slices.o.ready & slices.o.p.last):
            m.d.sync += busy.eq(0)
        return reads, at

    def _go_on(self, m, memory, came, last, others_read):
        """The oldest row, when its factors ``came``: whether a block is read, its address, the row's end."""
        busy, reading, reads = Signal(name="going"), Signal(name="go_reading"), Signal(name="go_reads")
        block, at = Signal.like(last, name="go_block"), Signal(range(self.depth), name="go_at")
        known = Signal(range(ROWS + 1))  # rows whose factors came
        begins, ends = Signal(name="go_begins"), Signal(name="go_ends")
        m.d.comb += [
            begins.eq((known != 0) & ~busy & self.o.ready),
            reads.eq(reading & ~others_read),
            ends.eq(reads & (block == last)),
            self.o.valid.eq(delay(m, "go_read", reads, BlockMemory.latency, reset_less=False)),
            self.o.p.last.eq(delay(m, "go_last", block == last, BlockMemory.latency)),
            self.o.p.values.as_value().eq(memory.data),
        ]
        m.d.sync += known.eq(known + came - begins)
        with m.If(begins):
            m.d.sync += [busy.eq(1), reading.eq(1)]
        with m.If(reads):
            m.d.sync += [at.eq(at + 1), block.eq(Mux(ends, 0, block + 1))]
        with m.If(ends):
            m.d.sync += reading.eq(0)
        with m.If(self.o.valid & self.o.p.last):
            m.d.sync += busy.eq(0)
        return reads, at, ends
