"""The systolic array with its loaders and its drain."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, fifo, stream, wiring
from amaranth.lib.wiring import In, Out

import golden
from golden.formats import SLOT_BITS
from hw.carry_sum import check_target
from hw.delay import delay
from hw.drain_cell import DrainCell
from hw.drain_segment import DrainSegment
from hw.layouts import FormatCode, packet_layout
from hw.operand_lane import OperandLane
from hw.processing_element import ProcessingElement
from hw.sequencer import Sequencer, TileStatus
from hw.shared_module import place
from hw.tile_loader import TileLoader

__all__ = ["Array"]


class Array(wiring.Component):
    """``D[rows, cols] = A[rows, K] * B[cols, K]**T`` per tile, bit for bit ``golden.matmul``.

    Output-stationary and systolic: activations move right, weights move down, one accumulator per
    element. A tile is a run of beats that ends with ``last`` on both inputs, each beat one k-block of
    every row (column) in one format. Pairs of k-blocks cost 1 pass (MX4 and MX6), 2 (one of them MX9)
    or 4 (both MX9), a pass one cycle; tiles follow each other without a gap if they have at least
    ``drain_rows`` passes. MXINT8 streams as MX9 pairs.

    Latency: ``latency`` cycles from the last beats of an array at rest to the first output beat, for
    a tile of one pass; every further pass adds one. Full back-pressure on all streams: a tile starts
    when both operands are complete and its results have room, then runs without a stop.

    Parameters
    ----------
    rows, cols:
        Size of the array and so of a tile of D (1 to 64).
    drain_rows:
        Rows per drain segment, a divisor of ``rows``; the least cycles from tile to tile.
    k_blocks:
        Longest tile in blocks along K (1 to 4096).
    fraction_bits:
        F of the aligned accumulator (1 to 24).
    target:
        One of ``hw.carry_sum.TARGETS``; changes area and speed, never a result.

    Members
    -------
    a: In(stream of packets), ``rows`` slots of 144 bits, row 0 lowest; user = FormatCode
    b: In(stream of packets), ``cols`` slots of 144 bits, column 0 lowest; user = FormatCode
    d: Out(stream of packets), per beat one row of every drain segment, ``cols`` binary32 each, segment 0
        and column 0 lowest, rows ascending; user = TileStatus; last = the tile's last beat

    Raises
    ------
    TypeError, ValueError
        A parameter is not an integer, or out of its range.
    """

    def __init__(self, *, rows=8, cols=8, drain_rows=4, k_blocks=72, fraction_bits=17, target="generic"):
        check_target(target)
        for name, value, most in (("rows", rows, 64), ("cols", cols, 64), ("drain_rows", drain_rows, 64),
                                  ("k_blocks", k_blocks, 4096), ("fraction_bits", fraction_bits, 24)):
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"{name} must be an integer, not {value!r}")
            if not 1 <= value <= most:
                raise ValueError(f"{name} must be 1 to {most}, not {value!r}")
        if rows % drain_rows:
            raise ValueError(f"drain_rows must divide rows, so that segments are alike: "
                             f"{drain_rows!r} does not divide {rows!r}")
        self.rows = rows
        self.cols = cols
        self.drain_rows = drain_rows
        self.segments = rows // drain_rows
        self.k_blocks = k_blocks
        self.fraction_bits = fraction_bits
        self.target = target

        in_flight = self.latency + 2 * drain_rows
        depth = _power_of_two(max(2 * k_blocks, 4))
        tiles = _power_of_two(in_flight // drain_rows + 4)
        self._results = _power_of_two(in_flight)
        self._element = ProcessingElement(fraction_bits=fraction_bits, k_blocks=k_blocks, target=target)
        self._row_lane, self._column_lane = (
            OperandLane(activations=activations, depth=depth, tiles=tiles, fraction_bits=fraction_bits)
            for activations in (True, False))
        self._cell = DrainCell(width=self._element.width, low_bits=self._element.low_bits,
                               fraction_bits=fraction_bits, depth=self._results)
        self._a_loader, self._b_loader = (
            TileLoader(lanes=lanes, k_blocks=k_blocks, depth=depth, tiles=tiles) for lanes in (rows, cols))
        self._sequencer = Sequencer(depth=depth, spacing=drain_rows)

        def operand(lanes):
            return In(stream.Signature(packet_layout(data.ArrayLayout(SLOT_BITS, lanes), FormatCode)))

        values = data.ArrayLayout(32, self.segments * cols)
        super().__init__({
            "a": operand(rows),
            "b": operand(cols),
            "d": Out(stream.Signature(packet_layout(values, TileStatus))),
        })

    @property
    def latency(self):
        """Cycles from an idle array's last input beats to its first output beat, one-pass tile."""
        loading = OperandLane.completion_latency + 3
        lane = ProcessingElement.capture_delay + 6
        skew = (self.rows - self.drain_rows) + (self.cols - 1)
        draining = self.drain_rows + 1 + DrainCell.latency + 2
        return loading + lane + skew + draining

    @property
    def shared_modules(self):
        """Modules placed many times, by the name of their Verilog module."""
        return {
            "mx_array_pe": self._element,
            "mx_array_row_lane": self._row_lane,
            "mx_array_column_lane": self._column_lane,
            "mx_array_drain_cell": self._cell,
        }

    def compute(self, a, b):
        """The tile that this array makes of golden tensors a [rows, K] and b [cols, K]."""
        return golden.matmul(a, b, fraction_bits=self.fraction_bits)

    def elaborate(self, platform):
        m = Module()
        m.submodules.a_loader = a_loader = self._a_loader
        m.submodules.b_loader = b_loader = self._b_loader
        m.submodules.sequencer = sequencer = self._sequencer
        wiring.connect(m, wiring.flipped(self.a), a_loader.i)
        wiring.connect(m, wiring.flipped(self.b), b_loader.i)
        wiring.connect(m, a_loader.tag, sequencer.a_tag)
        wiring.connect(m, b_loader.tag, sequencer.b_tag)
        m.d.comb += [
            sequencer.a_ready.eq(a_loader.tiles_ready != 0),
            sequencer.b_ready.eq(b_loader.tiles_ready != 0),
            a_loader.start.eq(sequencer.start),
            b_loader.start.eq(sequencer.start),
        ]

        # Rows count from the top of the array here: the top row is the last row of the tile, so that
        # totals, which leave a segment bottom first, come out in ascending order.
        rows = self._lanes(m, "row", "mx_array_row_lane", self._row_lane, a_loader,
                           sequencer.a_pass, reversed(range(self.rows)))
        columns = self._lanes(m, "column", "mx_array_column_lane", self._column_lane, b_loader,
                              delay(m, "b_pass", sequencer.b_pass, 1, reset_less=False), range(self.cols))
        elements, segments = self._grid(m, rows, columns)
        cells = self._drain(m, rows, columns, elements, segments)
        self._output(m, cells)
        return m

    def _lanes(self, m, kind, module, prototype, loader, head, order):
        """The operand lanes of one side, in the order in which passes visit them."""
        lanes = []
        for position, index in enumerate(order):
            lane = place(m, f"{kind}_lane_{index}", prototype, module=module)
            m.d.comb += [
                lane.write.eq(loader.write),
                lane.block.eq(loader.blocks[index]),
                lane.pass_in.eq(lanes[-1].pass_out if position else head),
            ]
            lanes.append(lane)
        m.d.comb += [
            loader.wide.eq(Cat(lane.wide for lane in lanes).any()),
            loader.release.eq(lanes[-1].pass_out.release),
        ]
        return lanes

    def _grid(self, m, rows, columns):
        """Elements [row from the top][column], and the drain segments from the top."""
        control = self._sequencer.control
        first = delay(m, "first", control.first, ProcessingElement.first_delay + 6, reset_less=False)
        last = delay(m, "last", Cat(control.last, control.void), ProcessingElement.capture_delay + 6,
                     reset_less=False)
        elements, segments = [], []
        for r, lane in enumerate(rows):
            j = r % self.drain_rows
            if j == 0:
                segment = DrainSegment(rows=self.drain_rows)
                m.submodules[f"segment_{self.segments - 1 - len(segments)}"] = segment
                m.d.comb += [segment.capture.eq(last[0]), segment.void.eq(last[1])]
                segments.append(segment)
            m.d.comb += [
                segment.references[j].eq(lane.tile_reference),
                lane.reference_taken.eq(segment.taken[j]),
            ]
            elements.append([])
            for c, column in enumerate(columns):
                element = place(m, f"pe_{self.rows - 1 - r}_{c}", self._element, module="mx_array_pe")
                for n, (a, b) in enumerate(zip(element.a_in, element.b_in, strict=True)):
                    m.d.comb += [
                        a.eq(elements[r][c - 1].a_out[n] if c else lane.operand[n]),
                        b.eq(elements[r - 1][c].b_out[n] if r else column.operand[n]),
                    ]
                m.d.comb += element.column_in.eq(elements[r - 1][c].column_out if r else column.distance)
                if c:
                    m.d.comb += element.row_in.eq(elements[r][c - 1].row_out)
                else:
                    m.d.comb += [
                        element.row_in.distance.eq(lane.distance),
                        element.row_in.first.eq(first),
                        element.row_in.capture.eq(last[0]),
                        element.row_in.shift.eq(segment.shift[j]),
                    ]
                if j:
                    m.d.comb += element.drain_in.eq(elements[r - 1][c].drain_out)
                elements[r].append(element)
            first = delay(m, f"first_row{r}", first, 1, reset_less=False)
            last = delay(m, f"last_row{r}", last, 1, reset_less=False)
        return elements, segments

    def _drain(self, m, rows, columns, elements, segments):
        """Drain cells [segment from the top][column]."""
        cells = []
        for s, segment in enumerate(segments):
            bottom = elements[(s + 1) * self.drain_rows - 1]
            cells.append([])
            for c, column in enumerate(columns):
                name = f"drain_{self.segments - 1 - s}_{c}"
                cell = place(m, name, self._cell, module="mx_array_drain_cell")
                token = cells[s][c - 1].token_out if c else segment.token
                m.d.comb += [
                    cell.total.eq(bottom[c].drain_out),
                    cell.token_in.eq(token),
                    cell.reference_in.eq(cells[s - 1][c].reference_out if s else column.tile_reference),
                ]
                if not s:
                    m.d.comb += column.reference_taken.eq(token.first)
                cells[s].append(cell)
        return cells

    def _output(self, m, cells):
        """Beats of the output stream, and the room that it grants to the sequencer."""
        sequencer, final = self._sequencer, cells[-1][-1]
        m.d.comb += [
            self._a_loader.retire.eq(final.tile_written),
            self._b_loader.retire.eq(final.tile_written),
        ]
        available = Signal(range(self._results + 1))
        reserved = Signal(range(self._results + 1))
        address = Signal(range(self._results))
        fetch, sent = Signal(), Signal()
        m.d.comb += [
            fetch.eq((available != 0) & (~self.d.valid | self.d.ready)),
            sent.eq(self.d.valid & self.d.ready),
        ]
        m.d.sync += available.eq(available + final.written - fetch)
        with m.If(fetch):
            m.d.sync += [self.d.valid.eq(1), address.eq(address + 1)]
        with m.Elif(self.d.ready):
            m.d.sync += self.d.valid.eq(0)
        ascending = [cell for row in reversed(cells) for cell in row]
        for n, cell in enumerate(ascending):
            m.d.comb += [
                cell.read_enable.eq(fetch),
                cell.read_address.eq(address),
                self.d.p.data[n].eq(cell.value),
            ]

        granted = Signal.like(reserved)
        m.d.comb += granted.eq(reserved + (self.drain_rows * sequencer.start) - sent)
        m.d.sync += [reserved.eq(granted), sequencer.room.eq(granted <= self._results - self.drain_rows)]

        m.submodules.statuses = statuses = fifo.SyncFIFO(
            width=len(sequencer.status), depth=max(2, -(-self._results // self.drain_rows)))
        beat = Signal(range(max(2, self.drain_rows)))
        m.d.comb += [
            statuses.w_en.eq(sequencer.control.last),
            statuses.w_data.eq(sequencer.status),
            statuses.r_en.eq(sent & self.d.p.last),
            self.d.p.user.eq(statuses.r_data),
            self.d.p.last.eq(beat == self.drain_rows - 1),
        ]
        with m.If(sent):
            m.d.sync += beat.eq(beat + 1)
            with m.If(self.d.p.last):
                m.d.sync += beat.eq(0)


def _power_of_two(least):
    return 1 << (least - 1).bit_length()
