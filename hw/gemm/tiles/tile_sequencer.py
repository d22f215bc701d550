"""Passes of the tiles on chip, for all arrays at a time."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import RESERVED_CODE
from hw.array.array import array_activity_layout
from hw.array.pass_pairs import PassPairs
from hw.array.sequencer import tile_control_layout
from hw.block.layouts import FormatCode
from hw.gemm.operands.operand_buffer import OperandBuffer, stored_pass_layout
from hw.gemm.tiles.tile_layouts import stored_tile_layout
from hw.target.delay import delay

__all__ = ["TileSequencer"]


class TileSequencer(wiring.Component):
    """Issues one pass per cycle: for every block pair of a tile, each part of A by each part of B.

    Arrays multiply their rows of A by the same rows of B in lock step. An array none of whose rows is in
    the matrix makes no results. A tile starts when all others have room for them. Where a block of a tile
    takes two passes for an element -2**m, all blocks of the tile do.

    Latency: a tile's first pass leaves one cycle after the tile is at the input; tiles follow each other
    without a gap. A tile is taken with its last pass.

    Parameters
    ----------
    geometry:
        Sizes of the engine.

    Members
    -------
    tile: In(stream of ``stored_tile_layout``)
    room: In(1) x arrays, the results of one more tile can be taken
    start: Out(1) x arrays, a tile starts
    a, b: Out(``stored_pass_layout``)
    control: Out(``tile_control_layout``) x arrays
    released: Out(2), a slot of A (bit 0), of B (bit 1) is free: no more is read there
    activity: Out(``array_activity_layout``), of array 0
    """

    def __init__(self, *, geometry):
        self.geometry = geometry
        self.spacing = geometry.parameters.drain_rows
        arrays = geometry.parameters.arrays
        super().__init__(
            {
                "tile": In(stream.Signature(stored_tile_layout(geometry))),
                "room": In(1).array(arrays),
                "start": Out(1).array(arrays),
                "a": Out(stored_pass_layout(geometry, 0)),
                "b": Out(stored_pass_layout(geometry, 1)),
                "control": Out(tile_control_layout()).array(arrays),
                "released": Out(2),
                "activity": Out(array_activity_layout()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        parameters, tile = self.geometry.parameters, self.tile.p.tile
        k = Signal(range(self.geometry.k_blocks))
        # Of the block at hand; of all but a tile's first, which the tile tells of, found a block ahead.
        last, room, is_first, is_last = Signal(), Signal(), Signal(init=1), Signal()
        found_mx9, found_two = Signal(2), Signal(2)
        present = Cat(tile.a.lanes > n * parameters.rows for n in range(parameters.arrays))
        formats, two_passes = [], []
        for n, operand in enumerate((tile.a, tile.b)):
            stored = self.tile.p
            is_mx9 = Mux(is_first, stored.first_mx9[n], found_mx9[n])
            formats.append(Mux(is_mx9, FormatCode.MX9, operand.rest))
            two_passes.append(Mux(is_first, stored.first_mx9[n] | stored.wide[n], found_two[n]))
        pairs = PassPairs(
            m,
            a_two_passes=two_passes[0],
            b_two_passes=two_passes[1],
            last=last,
            may_start=self.tile.valid & room,
            spacing=self.spacing,
        )
        m.d.comb += [
            last.eq(Mux(is_first, self.tile.p.single, is_last)),
            room.eq((Cat(self.room) | ~present).all()),
            self.tile.ready.eq(pairs.tile_end),
        ]
        with m.If(pairs.block_end):
            for n, operand in enumerate((tile.a, tile.b)):
                is_mx9 = (k + 1 < operand.leading) | (operand.rest == FormatCode.MX9)
                m.d.sync += [found_mx9[n].eq(is_mx9), found_two[n].eq(is_mx9 | self.tile.p.wide[n])]
            m.d.sync += [k.eq(Mux(last, 0, k + 1)), is_first.eq(last), is_last.eq(k + 2 == tile.blocks)]

        for operand, fmt, rest, out in (
            (tile.a, formats[0], pairs.a_rest, self.a),
            (tile.b, formats[1], pairs.b_rest, self.b),
        ):
            m.d.sync += [
                out.part.address.eq(operand.address + k),
                out.part.format.eq(Mux(pairs.hold, RESERVED_CODE, fmt)),
                out.part.rest.eq(pairs.hold | rest),
                out.first.eq(pairs.start),
                out.slot.eq(operand.slot),
                out.lanes.eq(operand.lanes),
                out.arrays.eq(present),
            ]
        for n, control in enumerate(self.control):
            m.d.comb += self.start[n].eq(pairs.start & present[n])
            m.d.sync += [
                control.first.eq(pairs.start & present[n]),
                control.last.eq(pairs.tile_end & present[n]),
            ]
        released = Cat(operand.release for operand in (tile.a, tile.b)) & pairs.tile_end.replicate(2)
        reads = 1 + OperandBuffer.last_read_of(self.geometry)
        m.d.comb += self.released.eq(delay(m, "released", released, reads, reset_less=False))

        activity = self.activity
        m.d.sync += activity.passing.eq(pairs.go)
        m.d.comb += [
            activity.a.eq(self.a.part.format),
            activity.b.eq(self.b.part.format),
            activity.tile_ends.eq(self.control[0].last),
            activity.room.eq(self.room[0]),
        ]
        return m
