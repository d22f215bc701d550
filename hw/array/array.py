"""The systolic array with its loaders and its drain."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

import golden
from golden.drain_rows import usual_drain_rows
from golden.formats import SLOT_BITS
from hw.array.grid import Grid
from hw.array.operand_lane import OperandLane
from hw.array.sequencer import Sequencer, TileStatus
from hw.array.tile_loader import TileLoader
from hw.block.layouts import FormatCode
from hw.shared_module import place
from hw.stream.packet import packet_layout
from hw.stream.queue import Queue
from hw.stream.ring_reader import RingReader
from hw.target.delay import delay
from hw.target.targets import check_target

__all__ = ["AlignedArray", "Array", "array_activity_layout"]


def array_activity_layout() -> data.StructLayout:
    """What an array does in a cycle.

    ``passing``: it begins a pass that multiplies a block of format ``a`` by one of format ``b``;
    ``tile_ends``: a tile's last pass begins; ``room``: the results of one more tile could be taken.
    """
    return data.StructLayout({"passing": 1, "a": FormatCode, "b": FormatCode, "tile_ends": 1, "room": 1})


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
        Rows per drain segment, a divisor of ``rows``; the least cycles from tile to tile. By default
        ``golden.drain_rows.usual_drain_rows``.
    k_blocks:
        Longest tile in blocks along K (1 to 4096).
    fraction_bits:
        F of the aligned accumulator (1 to 24).
    product_stages:
        Register stages in a product: 2, or 1 for a quarter fewer registers at a lower clock frequency.
    target:
        One of ``hw.target.targets.TARGETS``; changes area and speed, never a result.

    Members
    -------
    a: In(stream of packets), ``rows`` slots of 144 bits, row 0 lowest; user = FormatCode
    b: In(stream of packets), ``cols`` slots of 144 bits, column 0 lowest; user = FormatCode
    d: Out(stream of packets), per beat one row of every drain segment, ``cols`` binary32 each, segment 0
        and column 0 lowest, rows ascending; user = TileStatus; last = the tile's last beat
    activity: Out(stream of ``array_activity_layout``), every cycle, for those who count passes

    Raises
    ------
    TypeError, ValueError
        A parameter is not an integer, or out of its range.
    """

    takes_aligned_blocks = False

    def __init__(
        self,
        *,
        rows=8,
        cols=8,
        drain_rows=None,
        k_blocks=72,
        fraction_bits=17,
        product_stages=2,
        target="generic",
    ):
        check_target(target)
        if drain_rows is None:
            drain_rows = usual_drain_rows(rows)
        for name, value, most in (
            ("rows", rows, 64),
            ("cols", cols, 64),
            ("drain_rows", drain_rows, 64),
            ("k_blocks", k_blocks, 4096),
            ("fraction_bits", fraction_bits, 24),
        ):
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"{name} must be an integer, not {value!r}")
            if not 1 <= value <= most:
                raise ValueError(f"{name} must be 1 to {most}, not {value!r}")
        if rows % drain_rows:
            raise ValueError(
                f"drain_rows must divide rows, so that segments are alike: "
                f"{drain_rows!r} does not divide {rows!r}"
            )
        self.rows = rows
        self.cols = cols
        self.drain_rows = drain_rows
        self.segments = rows // drain_rows
        self.k_blocks = k_blocks
        self.fraction_bits = fraction_bits
        self.product_stages = product_stages
        self.target = target

        depth = 1 << ceil_log2(TileLoader.depth_for(lanes=max(rows, cols), k_blocks=k_blocks))
        results = 1 << ceil_log2(self.latency + 4 * drain_rows)
        tiles = 1 << ceil_log2(-(-self._reference_cycles // drain_rows) + 4)
        self._results = results
        self._grid = Grid(
            rows=rows,
            cols=cols,
            drain_rows=drain_rows,
            k_blocks=k_blocks,
            fraction_bits=fraction_bits,
            results=results,
            product_stages=product_stages,
            target=target,
        )
        self._row_lane, self._column_lane = (
            OperandLane(
                activations=activations,
                depth=depth,
                tiles=tiles,
                fraction_bits=fraction_bits,
                distance_delay=self._grid.distance_delay,
                target=target,
            )
            for activations in (True, False)
        )
        self._a_loader, self._b_loader = (
            TileLoader(
                lanes=lanes,
                k_blocks=k_blocks,
                depth=depth,
                tiles=tiles,
                aligned=self.takes_aligned_blocks,
                target=target,
            )
            for lanes in (rows, cols)
        )
        self._sequencer = Sequencer(depth=depth, spacing=drain_rows)

        def operand(lanes):
            return In(stream.Signature(packet_layout(data.ArrayLayout(SLOT_BITS, lanes), FormatCode)))

        values = data.ArrayLayout(32, self.segments * cols)
        super().__init__(
            {
                "a": operand(rows),
                "b": operand(cols),
                "d": Out(stream.Signature(packet_layout(values, TileStatus))),
                "activity": Out(
                    stream.Signature(array_activity_layout(), always_valid=True, always_ready=True)
                ),
            }
        )

    @property
    def latency(self):
        """Cycles from an idle array's last input beats to its first output beat, one-pass tile."""
        grid = Grid.latency_of(
            rows=self.rows, cols=self.cols, drain_rows=self.drain_rows, product_stages=self.product_stages
        )
        return self._loading_latency + grid + RingReader.latency

    @property
    def _reference_cycles(self):
        """Cycles that the references of a one-pass tile must be kept."""
        return self._loading_latency + Grid.taken_latency_of(
            rows=self.rows, cols=self.cols, product_stages=self.product_stages
        )

    @property
    def _loading_latency(self):
        """Cycles from the last input beats to the operands of their pass at row 0."""
        return TileLoader.latency_of(max(self.rows, self.cols)) + 1 + OperandLane.latency

    @property
    def macs_per_pass(self):
        """Multiply-accumulates in one cycle."""
        return self._grid.macs_per_pass

    @property
    def shared_modules(self):
        """Modules placed many times, by the name of their Verilog module."""
        return self._grid.shared_modules | {
            "mx_array_row_lane": self._row_lane,
            "mx_array_column_lane": self._column_lane,
        }

    def compute(self, a, b):
        """The tile that this array makes of golden tensors a [rows, K] and b [cols, K]."""
        return golden.matmul(a, b, fraction_bits=self.fraction_bits)

    def elaborate(self, platform):
        m = Module()
        m.submodules.a_loader = a_loader = self._a_loader
        m.submodules.b_loader = b_loader = self._b_loader
        m.submodules.sequencer = sequencer = self._sequencer
        m.submodules.grid = grid = self._grid
        wiring.connect(m, wiring.flipped(self.a), a_loader.i)
        wiring.connect(m, wiring.flipped(self.b), b_loader.i)
        wiring.connect(m, a_loader.tag, sequencer.a_tag)
        wiring.connect(m, b_loader.tag, sequencer.b_tag)
        m.d.comb += [
            sequencer.a_ready.eq(a_loader.tile_ready),
            sequencer.b_ready.eq(b_loader.tile_ready),
            a_loader.start.eq(sequencer.start),
            b_loader.start.eq(sequencer.start),
            a_loader.retire.eq(grid.tile_taken),
            b_loader.retire.eq(grid.tile_taken),
            grid.control.eq(delay(m, "control", sequencer.control, OperandLane.latency, reset_less=False)),
        ]
        self._lanes(
            m,
            "row",
            self._row_lane,
            a_loader,
            sequencer.a_pass,
            grid.a,
            grid.row_distance,
            grid.row_reference,
            grid.row_taken,
        )
        self._lanes(
            m,
            "column",
            self._column_lane,
            b_loader,
            sequencer.b_pass,
            grid.b,
            grid.column_distance,
            grid.column_reference,
            grid.column_taken,
        )
        self._output(m)
        activity = self.activity.p
        m.d.comb += [
            activity.passing.eq(sequencer.issue),
            activity.a.eq(sequencer.a_pass.format),
            activity.b.eq(sequencer.b_pass.format),
            activity.tile_ends.eq(sequencer.control.last),
            activity.room.eq(sequencer.room),
        ]
        return m

    def _lanes(self, m, kind, prototype, loader, issued, operands, distances, references, taken):
        """Operand lanes of one side. A lane gets a pass one cycle after the one before it."""
        passes = [issued]
        for n in range(1, loader.lanes + OperandLane.pass_cycles - 1):
            late = delay(m, f"{kind}_pass_{n}", passes[-1], 1, reset_less=False)
            passes.append(data.View(issued.shape(), late))
        for n in range(loader.lanes):
            lane = place(m, f"{kind}_lane_{n}", prototype, module=f"mx_array_{kind}_lane")
            m.d.comb += [
                lane.write.eq(loader.write),
                lane.block.eq(loader.blocks[n]),
                *(
                    to.eq(of)
                    for to, of in zip(lane.passes, passes[n : n + OperandLane.pass_cycles], strict=True)
                ),
                distances[n].eq(lane.distance),
                references[n].eq(lane.tile_reference),
                lane.reference_taken.eq(taken[n]),
                loader.wide[n].eq(lane.wide),
            ]
            m.d.comb += [to.eq(of) for to, of in zip(operands[n], lane.operand, strict=True)]
        m.d.comb += loader.release.eq(passes[loader.lanes - 1 + OperandLane.last_read].release)

    def _output(self, m):
        """Beats of the output stream, and the room that it grants to the sequencer."""
        sequencer, grid = self._sequencer, self._grid
        m.submodules.reader = reader = RingReader(depth=self._results)
        reserved = Signal(range(self._results + 1))
        sent = Signal()
        ascending = [value for segment in grid.values for value in segment]
        m.d.comb += [
            reader.coming.eq(grid.coming),
            grid.read_enable.eq(reader.read_enable),
            grid.read_address.eq(reader.read_address),
            grid.output_enable.eq(reader.output_enable),
            self.d.valid.eq(reader.valid),
            reader.ready.eq(self.d.ready),
            sent.eq(self.d.valid & self.d.ready),
        ]
        m.d.comb += [self.d.p.data[n].eq(value) for n, value in enumerate(ascending)]

        # ``room`` is two cycles behind: it keeps space for the tiles that may start in the meantime.
        started = delay(m, "started", sequencer.start, 1, reset_less=False)
        m.d.sync += [
            reserved.eq(reserved + (self.drain_rows * started) - sent),
            sequencer.room.eq(reserved <= self._results - 3 * self.drain_rows),
        ]

        m.submodules.statuses = statuses = Queue(
            shape=TileStatus, depth=max(2, -(-self._results // self.drain_rows))
        )
        beat = Signal(range(max(2, self.drain_rows)))
        m.d.comb += [
            statuses.i.valid.eq(sequencer.control.last),
            statuses.i.p.eq(sequencer.status),
            statuses.o.ready.eq(sent & self.d.p.last),
            self.d.p.user.eq(statuses.o.p),
            self.d.p.last.eq(beat == self.drain_rows - 1),
        ]
        with m.If(sent):
            m.d.sync += beat.eq(beat + 1)
            with m.If(self.d.p.last):
                m.d.sync += beat.eq(0)


class AlignedArray(Array):
    """An ``Array`` whose blocks come in ``hw.block.aligned_block.aligned_block_layout``, not in slots."""

    takes_aligned_blocks = True
