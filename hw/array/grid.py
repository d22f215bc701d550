"""The grid of processing elements with its drain."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.drain_rows import usual_drain_rows
from golden.formats import BLOCK_SIZE, SUBBLOCKS
from hw.array.aligned_accumulator import distance_bits
from hw.array.block_dot import activation_layout, weight_layout
from hw.array.drain_cell import DrainCell
from hw.array.drain_segment import DrainSegment
from hw.array.operand_lane import reference_layout
from hw.array.processing_element import ProcessingElement
from hw.array.sequencer import tile_control_layout
from hw.shared_module import place
from hw.target.delay import delay
from hw.target.targets import check_target

__all__ = ["Grid"]


class Grid(wiring.Component):
    """Systolic grid: ``values = float(sum over passes of floor(a . b * 2**F / 2**(da + db)))``.

    Activations move right, weights move down, one accumulator per element. The rows of a tile finish
    one cycle after the other from the top, and leave in this order: each column of a segment of
    ``drain_rows`` rows has one converter to binary32 and one output buffer.

    Operands of row r (column c) come r (c) cycles after those of row 0, sub-block j another j cycles
    later, the distance ``distance_delay`` cycles after sub-block 0. Latency from
    the operands of a tile's last pass at row 0 to the write of its first row in the last segment is
    ``latency`` cycles; throughput one pass per cycle. No flow control: the sequencer keeps tiles
    ``drain_rows`` cycles apart and reserves the buffers.

    Parameters
    ----------
    rows, cols, drain_rows, k_blocks, fraction_bits, product_stages, target:
        As for ``hw.array.array.Array``.
    results:
        Rows of output that a buffer holds, a power of two.

    Members
    -------
    a: In(``activation_layout``) x rows x 8; row_distance: In x rows
    b: In(``weight_layout``) x cols x 8; column_distance: In x cols
    control: In(``tile_control_layout``), with sub-block 0 of row 0
    row_reference, column_reference: In(``reference_layout``), of the oldest tile not yet taken
    row_taken, column_taken: Out(1) x rows, x cols, go on to the next tile's reference
    coming: Out(1), the last buffer gets a row in the next cycle
    tile_taken: Out(1), all references of a tile have been used
    read_enable, read_address, output_enable: In, as for ``hw.target.block_memory.BlockMemory``
    values: Out(32) x segments x cols, segments from the top
    """

    def __init__(
        self,
        *,
        rows,
        cols,
        k_blocks,
        drain_rows=None,
        fraction_bits=17,
        results=64,
        product_stages=2,
        target="generic",
    ):
        check_target(target)
        if drain_rows is None:
            drain_rows = usual_drain_rows(rows)
        self.rows = rows
        self.cols = cols
        self.drain_rows = drain_rows
        self.segments = rows // drain_rows
        self._element = ProcessingElement(
            fraction_bits=fraction_bits, k_blocks=k_blocks, product_stages=product_stages, target=target
        )
        self._cell = DrainCell(
            rows=drain_rows,
            width=self._element.width,
            low_bits=self._element.low_bits,
            fraction_bits=fraction_bits,
            depth=results,
            target=target,
        )
        distance = distance_bits(fraction_bits)
        super().__init__(
            {
                "a": In(activation_layout()).array(rows, SUBBLOCKS),
                "b": In(weight_layout()).array(cols, SUBBLOCKS),
                "row_distance": In(distance).array(rows),
                "column_distance": In(distance).array(cols),
                "control": In(tile_control_layout()),
                "row_reference": In(reference_layout()).array(rows),
                "column_reference": In(reference_layout()).array(cols),
                "row_taken": Out(1).array(rows),
                "column_taken": Out(1).array(cols),
                "coming": Out(1),
                "tile_taken": Out(1),
                "read_enable": In(1),
                "read_address": In(range(results)),
                "output_enable": In(1),
                "values": Out(32).array(self.segments, cols),
            }
        )

    @staticmethod
    def latency_of(*, rows, cols, drain_rows, product_stages):
        """``latency`` of a grid with these parameters."""
        skew = (rows - drain_rows) + (cols - 1)
        return ProcessingElement.latency_of(product_stages) + skew + DrainCell.latency_of(drain_rows)

    @property
    def latency(self):
        """Cycles from a tile's last operands at row 0 to the write of its first complete output row."""
        return self.latency_of(
            rows=self.rows,
            cols=self.cols,
            drain_rows=self.drain_rows,
            product_stages=self._element.product_stages,
        )

    @property
    def distance_delay(self):
        """Cycles by which distances come after sub-block 0 of the operands."""
        return self._element.distance_delay

    @staticmethod
    def taken_latency_of(*, rows, cols, product_stages):
        """Cycles from a tile's last operands at row 0 to ``tile_taken``."""
        return (
            ProcessingElement.latency_of(product_stages) - DrainCell.token_lead + (rows - 1) + (cols - 1) + 1
        )

    @property
    def macs_per_pass(self):
        """Multiply-accumulates in one cycle."""
        return BLOCK_SIZE * self.rows * self.cols

    @property
    def shared_modules(self):
        """Modules placed many times, by the name of their Verilog module."""
        return {"mx_array_pe": self._element, "mx_array_drain_cell": self._cell}

    def elaborate(self, platform):
        m = Module()
        first = delay(m, "first", self.control.first, self._element.first_delay, reset_less=False)
        last = delay(
            m,
            "last",
            Cat(self.control.last, self.control.void),
            self._element.latency - DrainCell.token_lead - DrainSegment.latency_of(self.drain_rows),
            reset_less=False,
        )
        placed, cells = [], None
        for r in range(self.rows):
            row = [place(m, f"pe_{r}_{c}", self._element, module="mx_array_pe") for c in range(self.cols)]
            self._operands(m, r, row, placed[-1] if placed else None)
            m.d.comb += [
                row[0].row_in.distance.eq(self.row_distance[r]),
                row[0].row_in.first.eq(first),
            ]
            first = delay(m, f"first_row{r}", first, 1, reset_less=False)
            placed.append(row)
        for s in range(self.segments):
            rows = slice(s * self.drain_rows, (s + 1) * self.drain_rows)
            cells = self._drain(m, s, last, placed[rows], cells)
            last = delay(m, f"last_segment{s}", last, self.drain_rows, reset_less=False)
        m.d.comb += [self.coming.eq(cells[-1].coming), self.tile_taken.eq(cells[-1].token_out.last)]
        return m

    def _operands(self, m, r, row, above):
        """Connect a row's elements to their left and upper neighbours."""
        for c, element in enumerate(row):
            for j in range(SUBBLOCKS):
                a, b = self.a[r][j], self.b[c][j]
                m.d.comb += [
                    element.a_in[j].eq(row[c - 1].a_out[j] if c else self._element.activation_operand(a)),
                    element.b_in[j].eq(above[c].b_out[j] if r else self._element.weight_operand(b)),
                ]
            m.d.comb += element.column_in.eq(above[c].column_out if r else self.column_distance[c])
            if c:
                m.d.comb += element.row_in.eq(row[c - 1].row_out)

    def _drain(self, m, s, last, rows, upper):
        """The drain cells of a segment with these rows of elements; ``upper``: those of the one above."""
        segment = DrainSegment(rows=self.drain_rows, exponent_offset=self._cell.exponent_offset)
        m.submodules[f"segment_{s}"] = segment
        m.d.comb += [segment.begin.eq(last[0]), segment.void.eq(last[1])]
        for j in range(self.drain_rows):
            r = s * self.drain_rows + j
            m.d.comb += [
                segment.references[j].eq(self.row_reference[r]),
                self.row_taken[r].eq(segment.taken[j]),
            ]
        cells, token = [], segment.token
        address = Signal(range(self._cell.depth), name=f"write_address_{s}")
        for c in range(self.cols):
            cell = place(m, f"drain_{s}_{c}", self._cell, module="mx_array_drain_cell")
            m.d.comb += [total.eq(row[c].total) for total, row in zip(cell.totals, rows, strict=True)]
            m.d.comb += [
                cell.token_in.eq(token),
                cell.reference_in.eq(upper[c].reference_out if upper else self.column_reference[c]),
                cell.write_address_in.eq(cells[-1].write_address_out if cells else address),
                cell.read_enable.eq(self.read_enable),
                cell.read_address.eq(self.read_address),
                cell.output_enable.eq(self.output_enable),
                self.values[s][c].eq(cell.value),
            ]
            if not upper:
                m.d.comb += self.column_taken[c].eq(token.first)
            cells.append(cell)
            token = cell.token_out
        with m.If(cells[0].written):
            m.d.sync += address.eq(address + 1)
        return cells
