"""Reorder jobs: rows of floats in memory to rows of blocks in memory."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import FLOAT_FORMATS, INDEX_BYTES
from golden.formats import BLOCK_SIZE, MX9
from hw.axi.fragment_reader import FragmentReader, addend_beat_layout, addend_request_layout
from hw.axi.line import write_beat_layout
from hw.axi.signatures import check_bus
from hw.block.binary32 import BINARY32_BITS, binary32_layout
from hw.block.layouts import FormatCode, block_bytes
from hw.gemm.memory_format import block_code
from hw.gemm.reorder.reorder import INDEX_BITS, Reorder, row_block_layout
from hw.gemm.reorder.reorder_job import reorder_job_layout
from hw.gemm.reorder.row_blocks import row_blocks
from hw.gemm.reorder.row_buffer import MOST_STATISTIC_LANES, RowBuffer
from hw.gemm.reorder.row_division import RowDivision
from hw.gemm.reorder.row_elements import padded, widened
from hw.gemm.reorder.row_norm import RowNorm
from hw.gemm.results.block_fragments import BlockFragments
from hw.gemm.results.result_format import ResultFormat
from hw.gemm.results.row_collector import RowCollector
from hw.gemm.results.row_parts import RowParts

__all__ = ["ReorderPath"]

_LOG = BLOCK_SIZE.bit_length() - 1

READS = 32
"""Reads of 16 elements under way in an engine with functions: at 8 per cycle they hide 64 cycles."""

_BLOCKS_UNDER_WAY = 64
"""More blocks than ``BlockFragments`` or ``ResultFormat`` holds."""


@dataclass(frozen=True)
class _Phase:
    """What is read: the permutation, the vectors of a norm, or rows."""

    loading: Signal
    fetching: Signal
    moving: Signal


@dataclass(frozen=True)
class _Ends:
    """Where rows go to, and come from in their order; where the vectors of a norm go, if there are norms."""

    arriving: stream.Interface
    leaving: stream.Interface
    vector: stream.Interface | None = None


class ReorderPath(wiring.Component):
    """Reads rows, divides, normalizes or exponentiates, orders, quantizes and gives them as lines.

    First the permutation is read; without one, the order stays. Then come shift and scale of a norm, as far
    as it has them, then rows. Throughput: one block per cycle, as far as memory and ``Reorder`` allow; of
    rows that are normalized, ``RowBuffer``'s. A job that permutes is taken when its permutation has been read
    and is good. An index that is not below ``columns`` sets ``fault`` instead; nothing is written then, and
    only a reset helps.

    Parameters
    ----------
    columns:
        Longest row, 16 to 65536.
    rows_bits:
        Width of the number of rows.
    words:
        Elements per cycle to be quantized: 4, 8 or 16.
    function_lanes:
        0 if no rows are divided or normalized. Else as many elements are normalized per cycle, no more than
        ``words``; sums are made of no more than the bus brings in binary32, nor
        ``MOST_STATISTIC_LANES``.
    data_bits, address_bits:
        Widths of the memory port.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    job: In(stream of ``reorder_job_layout``), begun when ``idle``
    read, beat, o: as in ``ResultPath``
    idle: Out(1), no job is under way, and all lines were taken
    fault: Out(1); out_of_range: Out(1), if rows are divided or normalized: a row that cannot be
    """

    def __init__(
        self, *, columns, rows_bits, words, data_bits, address_bits, function_lanes=0, target="generic"
    ):
        check_bus(data_bits=data_bits, address_bits=address_bits)
        self.columns = columns
        self.rows_bits = rows_bits
        self.words = words
        self.function_lanes = function_lanes
        self.norm_lanes = min(words, function_lanes)
        self.data_bits = data_bits
        self.address_bits = address_bits
        self.target = target
        self._reorder = Reorder(columns=columns)
        self._job = reorder_job_layout(
            columns=columns,
            rows_bits=rows_bits,
            address_bits=address_bits,
            functions=function_lanes > 0,
        )
        super().__init__(
            {
                "job": In(stream.Signature(self._job)),
                "read": Out(stream.Signature(addend_request_layout(address_bits))),
                "beat": In(stream.Signature(addend_beat_layout(data_bits), always_ready=True)),
                "o": Out(stream.Signature(write_beat_layout(data_bits, address_bits))),
                "idle": Out(1),
                "fault": Out(1),
                **({"out_of_range": Out(1)} if function_lanes else {}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.reorder = reorder = self._reorder
        parts = {"rows": 1, "words": self.words, "address_bits": self.address_bits}
        m.submodules.parts = row_parts = RowParts(**parts)
        if self.function_lanes:
            m.submodules.format = formatted = ResultFormat(any_nan=True, target=self.target, **parts)
        else:
            m.submodules.blocks = formatted = BlockFragments(target=self.target, **parts)
        m.submodules.collector = collector = RowCollector(
            data_bits=self.data_bits, target=self.target, **parts
        )
        more = {"depth": READS} if self.function_lanes else {}
        m.submodules.reader = reader = FragmentReader(
            data_bits=self.data_bits, address_bits=self.address_bits, unit=INDEX_BYTES, **more
        )
        m.d.comb += reader.times.eq(1)
        wiring.connect(m, reader.read, wiring.flipped(self.read))
        wiring.connect(m, formatted.o, collector.i)
        wiring.connect(m, collector.o, wiring.flipped(self.o))
        wiring.connect(m, wiring.flipped(self.beat), reader.beat)

        job = Signal(self._job, reset_less=True)
        m.d.comb += reorder.length.eq(job.columns)
        row = source = row_blocks(m, "row", job.columns, most=self.columns)
        divisor = stream.Signature(binary32_layout()).create(path=("divisor",))
        ends, loaded = _Ends(reorder.i, reorder.o), None
        if self.function_lanes:
            source = row_blocks(m, "source_row", job.columns + job.divide, most=self.columns)
            ends, loaded, normalized = self._normalize(m, job, reorder, row_parts.o)
            self._divide(m, job, divisor, normalized, formatted.i)
            out_of_range = m.submodules.division.out_of_range | m.submodules.buffer.out_of_range
            m.d.comb += self.out_of_range.eq(out_of_range)
            m.d.comb += formatted.format.eq(job.format)
        else:
            wiring.connect(m, row_parts.o, formatted.i)
        phase = _Phase(*(Signal(name=name) for name in ("loading", "fetching", "moving")))
        table_there, written = (Signal(name=name) for name in ("table_there", "written"))
        with m.FSM(name="state"):
            with m.State("IDLE"):
                m.d.comb += [self.idle.eq(1), self.job.ready.eq(~self.job.p.permute)]
                with m.If(self.job.valid):
                    m.d.sync += job.eq(self.job.p)
                    m.next = "TABLE"
            with m.State("TABLE"):
                m.d.comb += phase.loading.eq(1)
                with m.If(table_there):
                    m.next = "CHECK"
            with m.State("CHECK"):
                # No job may start behind one that stops the engine.
                m.d.comb += self.job.ready.eq(job.permute & ~reorder.bad_index)
                m.next = "ROWS"
                if loaded is not None:
                    with m.If(job.shift | job.scale):
                        m.next = "VECTORS"
                with m.If(reorder.bad_index):
                    m.next = "FAULT"
            if loaded is not None:
                with m.State("VECTORS"):
                    m.d.comb += phase.fetching.eq(1)
                    with m.If(loaded):
                        m.next = "ROWS"
            with m.State("ROWS"):
                m.d.comb += phase.moving.eq(1)
                with m.If(written):
                    m.next = "IDLE"
            with m.State("FAULT"):
                m.d.comb += self.fault.eq(1)
        self._request(m, job, reader.request, row, source, phase)
        self._receive(m, job, reader.o, reorder, ends, divisor, row, source, phase, table_there)
        left = self._send(m, job, ends.leaving, row_parts.i, formatted.o, row)
        m.d.comb += written.eq(left & collector.idle)
        return m

    def _divide(self, m, job, divisor, parts, divided):
        """Parts of rows through ``RowDivision``."""
        m.submodules.division = division = RowDivision(words=self.words, address_bits=self.address_bits)
        m.d.comb += division.divide.eq(job.divide)
        wiring.connect(m, divisor, division.divisor)
        wiring.connect(m, parts, division.i)
        wiring.connect(m, division.o, divided)

    def _normalize(self, m, job, reorder, parts):
        """Rows of norms wait in a buffer before ``reorder``, and are normalized behind it.

        Its ends; whether the last vector is there; ``parts`` with the values that they have then.
        """
        lanes = min(self.norm_lanes, self.data_bits // BINARY32_BITS, MOST_STATISTIC_LANES)
        m.submodules.buffer = buffer = RowBuffer(columns=self.columns, lanes=lanes, target=self.target)
        m.submodules.norm = norm = RowNorm(
            columns=buffer.columns, words=self.words, lanes=self.norm_lanes, target=self.target
        )
        row = stream.Signature(row_block_layout())
        arriving, leaving, vector = (row.create(path=(name,)) for name in ("arriving", "leaving", "vector"))
        made = stream.Signature(parts.p.shape()).create(path=("made",))
        wiring.connect(m, vector, norm.vector)
        wiring.connect(m, buffer.factors, norm.factors)
        m.d.comb += [
            buffer.width.eq(job.columns[: len(buffer.width)]),  # of longer rows there is no norm
            buffer.mean.eq(job.mean),
            buffer.epsilon.eq(job.epsilon),
            buffer.exponential.eq(job.exponential),
            norm.exponential.eq(job.exponential),
            buffer.i.valid.eq(job.norm & arriving.valid),
            buffer.i.p.eq(arriving.p),
            buffer.o.ready.eq(reorder.i.ready),
            reorder.i.valid.eq(Mux(job.norm, buffer.o.valid, arriving.valid)),
            reorder.i.p.as_value().eq(Mux(job.norm, buffer.o.p.as_value(), arriving.p.as_value())),
            arriving.ready.eq(Mux(job.norm, buffer.i.ready, reorder.i.ready)),
            norm.has_shift.eq(job.shift),
            norm.has_scale.eq(job.scale),
            norm.i.valid.eq(job.norm & reorder.o.valid),
            norm.i.p.eq(reorder.o.p),
            reorder.o.ready.eq(Mux(job.norm, norm.i.ready, leaving.ready)),
            # A block that is normalized lasts from its first part to its last one.
            leaving.valid.eq(Mux(job.norm, norm.o.valid, reorder.o.valid)),
            leaving.p.eq(reorder.o.p),
            norm.o.ready.eq(parts.ready),
            parts.ready.eq(made.ready),
            made.valid.eq(parts.valid),
            made.p.eq(parts.p),
        ]
        with m.If(job.norm):
            m.d.comb += made.p.values.eq(norm.o.p)
        return _Ends(arriving, leaving, vector), norm.loaded, made

    def _request(self, m, job, request, indices, elements, phase):
        """The permutation, the vectors, then all rows, 16 elements at a time."""
        loading, moving = phase.loading, phase.moving
        block = Signal.like(elements.last)
        row = Signal(self.rows_bits)
        start = Signal(self.address_bits, reset_less=True)  # of the row
        offset = Signal(len(block) + 6, reset_less=True)
        asked = Signal()
        last, sent = Signal(), Signal()
        count = Mux(last, Mux(moving, elements.in_last, indices.in_last), BLOCK_SIZE)
        wide = moving & ~job.narrow
        wanted, base = (loading & job.permute & ~asked) | (moving & (row != job.rows)), start
        if self.function_lanes:
            left, vector = Signal(2), Signal(self.address_bits, reset_less=True)
            wide |= phase.fetching
            wanted |= phase.fetching & (left != 0)
            base = Mux(phase.fetching, vector, start)
        m.d.comb += [
            last.eq(block == Mux(moving, elements.last, indices.last)),
            request.valid.eq(wanted),
            request.p.address.eq((Mux(loading, job.permutation, base) + offset)[: self.address_bits]),
            request.p.bytes.eq(Mux(wide, count << 2, count << 1)),
            sent.eq(request.valid & request.ready),
        ]
        with m.If(sent):
            m.d.sync += [
                block.eq(Mux(last, 0, block + 1)),
                offset.eq(Mux(last, 0, offset + Mux(wide, 4 * BLOCK_SIZE, 2 * BLOCK_SIZE))),
            ]
            with m.If(last & loading):
                m.d.sync += asked.eq(1)
            with m.If(last & moving):
                m.d.sync += [row.eq(row + 1), start.eq((start + job.source_pitch)[: len(start)])]
            if self.function_lanes:
                with m.If(last & phase.fetching):
                    following = vector + (job.columns << 2)
                    m.d.sync += [left.eq(left - 1), vector.eq(following[: len(vector)])]
        with m.If(self.idle):
            m.d.sync += [block.eq(0), offset.eq(0), row.eq(0), asked.eq(0), start.eq(self.job.p.source)]
            if self.function_lanes:
                given = self.job.p
                m.d.sync += [left.eq(given.shift + given.scale), vector.eq(given.vectors)]

    def _receive(self, m, job, fragments, reorder, ends, divisor, row, source, phase, table_there):
        """Indices into the table, or each element's own; vectors; floats, widened, into rows; divisors."""
        table, rows, loading, from_rows = reorder.permutation, ends.arriving, phase.loading, ~phase.loading
        block = Signal.like(source.last)
        last, taken = Signal(), Signal()
        has_elements, has_divisor, takes = (
            Signal(name=name) for name in ("has_elements", "has_divisor", "takes")
        )
        indices = data.View(data.ArrayLayout(INDEX_BITS, BLOCK_SIZE), fragments.p[: INDEX_BITS * BLOCK_SIZE])
        values = [widened(fragments.p, job.narrow, lane) for lane in range(BLOCK_SIZE)]
        place = job.columns[:_LOG]  # of the divisor, in the last fragment
        fragments_ready = Mux(loading, job.permute, takes)
        others_taken = table.valid & table.ready
        if ends.vector is not None:
            fetching, vector = phase.fetching, ends.vector
            from_rows = phase.moving
            m.d.comb += [
                vector.valid.eq(fetching & fragments.valid),
                vector.p.values.as_value().eq(fragments.p),
                vector.p.last.eq(last),
            ]
            others_taken |= vector.valid & vector.ready
            fragments_ready = (loading & job.permute) | (fetching & vector.ready) | (from_rows & takes)
        m.d.comb += [
            last.eq(block == Mux(loading, row.last, source.last)),
            table.valid.eq(loading & (~job.permute | fragments.valid)),
            # Elements and the divisor that is with them are taken together.
            has_elements.eq(block <= row.last),
            has_divisor.eq(job.divide & last if self.function_lanes else 0),
            takes.eq((rows.ready | ~has_elements) & (divisor.ready | ~has_divisor)),
            rows.valid.eq(from_rows & fragments.valid & has_elements & takes),
            divisor.valid.eq(from_rows & fragments.valid & has_divisor & takes),
            divisor.p.eq(widened(fragments.p, job.narrow, place)),
            fragments.ready.eq(fragments_ready),
            taken.eq(others_taken | (from_rows & fragments.valid & takes)),
            table_there.eq(table.valid & last),
            table.p.last.eq(last),
            rows.p.last.eq(block == row.last),
        ]
        if self.function_lanes:
            in_row = Signal(BLOCK_SIZE)
            last_one = Cat(row.in_last > lane for lane in range(BLOCK_SIZE))
            m.d.comb += in_row.eq(last_one | (block != row.last).replicate(BLOCK_SIZE))
            values = padded(values, in_row, job.exponential)
        for lane, value in enumerate(values):
            index = Mux(job.permute, indices[lane], Cat(Const(lane, _LOG), block))
            m.d.comb += [
                table.p.indices[lane].eq(index[:INDEX_BITS]),
                rows.p.values[lane].eq(value),
            ]
        with m.If(taken):
            m.d.sync += block.eq(Mux(last, 0, block + 1))

    def _send(self, m, job, rows, parts, fragment, cut):
        """Each block with its place; whether the last one was taken as a fragment."""
        placed = parts.p
        block = Signal.like(cut.last)
        row = Signal(self.rows_bits)
        start, at = (Signal(self.address_bits, name=name, reset_less=True) for name in ("start", "at"))
        under_way = Signal(range(_BLOCKS_UNDER_WAY))
        code = Signal(FormatCode)
        floats = FLOAT_FORMATS if self.function_lanes else ()
        found = block_bytes(code)
        for fmt in floats:
            found = Mux(job.format == fmt, BLOCK_SIZE * fmt.unit_bytes, found)
        size = Signal(range(max(MX9.block_bytes, *(BLOCK_SIZE * fmt.unit_bytes for fmt in floats), 0) + 1))
        last, sent = Signal(), Signal()
        next_start = (start + job.target_pitch)[: len(start)]
        columns = Mux(last, cut.in_last, BLOCK_SIZE)
        m.d.comb += [
            last.eq(block == cut.last),
            code.eq(Mux(block < job.mx9_blocks, FormatCode.MX9, block_code(job.format))),
            size.eq(found),
            parts.valid.eq(rows.valid),
            placed.values.eq(rows.p.values),
            placed.columns.eq(columns),
            placed.place.address.eq(at),
            placed.place.begins.eq(block == 0),
            placed.place.ends.eq(last),
            placed.place.last.eq(1),
            placed.code.eq(code),
            rows.ready.eq(parts.ready),
            sent.eq(parts.valid & parts.ready),
        ]
        done = fragment.valid & fragment.ready & fragment.p.last
        m.d.sync += under_way.eq(under_way + sent - done)
        with m.If(sent):
            m.d.sync += [block.eq(Mux(last, 0, block + 1)), at.eq(at + size)]
            with m.If(last):
                m.d.sync += [row.eq(row + 1), start.eq(next_start), at.eq(next_start)]
        with m.If(self.idle):
            m.d.sync += [row.eq(0), start.eq(self.job.p.target), at.eq(self.job.p.target)]
        return (row == job.rows) & (under_way == 0)
