"""The systolic array with its loaders."""

from amaranth.hdl import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

import golden
from golden.drain_rows import usual_drain_rows
from golden.formats import SLOT_BITS
from hw.array.drained_grid import DrainedGrid
from hw.array.grid import Grid
from hw.array.operand_lane import OperandLane
from hw.array.sequencer import Sequencer
from hw.array.tile_loader import TileLoader
from hw.block.layouts import FormatCode
from hw.shared_module import place
from hw.stream.packet import packet_layout
from hw.target.delay import delay
from hw.target.targets import check_target

__all__ = ["Array", "array_activity_layout"]


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
        tiles = 1 << ceil_log2(-(-self._reference_cycles // drain_rows) + 4)
        self._grid = DrainedGrid(
            rows=rows,
            cols=cols,
            drain_rows=drain_rows,
            k_blocks=k_blocks,
            fraction_bits=fraction_bits,
            product_stages=product_stages,
            reaction=self._loading_latency,
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
            TileLoader(lanes=lanes, k_blocks=k_blocks, depth=depth, tiles=tiles, target=target)
            for lanes in (rows, cols)
        )
        self._sequencer = Sequencer(depth=depth, spacing=drain_rows)

        def operand(lanes):
            return In(stream.Signature(packet_layout(data.ArrayLayout(SLOT_BITS, lanes), FormatCode)))

        super().__init__(
            {
                "a": operand(rows),
                "b": operand(cols),
                "d": self._grid.signature.members["d"],
                "activity": Out(
                    stream.Signature(array_activity_layout(), always_valid=True, always_ready=True)
                ),
            }
        )

    @property
    def latency(self):
        """Cycles from an idle array's last input beats to its first output beat, one-pass tile."""
        return self._loading_latency + DrainedGrid.latency_of(
            rows=self.rows, cols=self.cols, drain_rows=self.drain_rows, product_stages=self.product_stages
        )

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
            grid.start.eq(sequencer.start),
            grid.tile.eq(sequencer.control.last),
            grid.status.eq(sequencer.status),
            sequencer.room.eq(grid.room),
        ]
        wiring.connect(m, grid.d, wiring.flipped(self.d))
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
        activity = self.activity.p
        m.d.comb += [
            activity.passing.eq(sequencer.issue),
            activity.a.eq(sequencer.a_pass.part.format),
            activity.b.eq(sequencer.b_pass.part.format),
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
