"""The order of passes: which block of A meets which block of B, and when a tile may start."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import RESERVED_CODE
from hw.array.operand_lane import issued_pass_layout
from hw.array.pass_pairs import PassPairs
from hw.array.tile_loader import block_tag_layout
from hw.block.layouts import is_reserved

__all__ = ["Sequencer", "TileStatus", "tile_control_layout"]


class TileStatus(enum.IntFlag, shape=3):
    """What was wrong with a tile; all of its outputs are NaN unless this is 0.

    The value is TUSER of every output beat of the tile. What was dropped of an overlong tile counts for
    nothing else: not for its length, which is ``k_blocks``, and not for its formats.
    """

    LENGTH_MISMATCH = 1
    OVERLONG = 2
    RESERVED_FORMAT = 4


def tile_control_layout() -> data.StructLayout:
    """The ends of a tile: its first pass, its last pass, and then whether the result is void."""
    return data.StructLayout({"first": 1, "last": 1, "void": 1})


class Sequencer(wiring.Component):
    """Issues one pass per cycle: for every block pair of a tile, each part of A by each part of B.

    A tile starts when both operands have it whole and ``room`` for its results is assured. Its last
    pass keeps ``spacing`` cycles from the last pass of the tile before, because the drain takes that
    long; if need be, passes that add zero go ahead of it. Where tiles of A and B differ in
    length, the shorter one's last block is repeated and the tile is void.

    Latency: a tag's pass leaves one cycle after the tag is at the input. No flow control behind it.

    Parameters
    ----------
    depth:
        Blocks in the operand buffers.
    spacing:
        Least cycles between the last passes of two tiles, the rows of a drain segment.

    Members
    -------
    a_tag, b_tag: In(stream of ``block_tag_layout``)
    a_ready, b_ready: In(1), a complete tile waits
    room: In(1), the results of one more tile can be taken
    start: Out(1), a tile starts, combinational
    a_pass, b_pass: Out(``issued_pass_layout``)
    control: Out(``tile_control_layout``); status: Out(TileStatus), valid with ``control.last``
    issue: Out(1), a pass that multiplies blocks leaves in this cycle
    """

    def __init__(self, *, depth, spacing):
        self.depth = depth
        self.spacing = spacing
        tag = stream.Signature(block_tag_layout())
        super().__init__(
            {
                "a_tag": In(tag),
                "b_tag": In(tag),
                "a_ready": In(1),
                "b_ready": In(1),
                "room": In(1),
                "start": Out(1),
                "a_pass": Out(issued_pass_layout(depth)),
                "b_pass": Out(issued_pass_layout(depth)),
                "control": Out(tile_control_layout()),
                "status": Out(TileStatus),
                "issue": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        a, b = self.a_tag.p, self.b_tag.p
        pairs = PassPairs(
            m,
            a_two_passes=a.two_passes,
            b_two_passes=b.two_passes,
            last=a.last & b.last,
            may_start=self.a_ready & self.b_ready & self.room & self.a_tag.valid & self.b_tag.valid,
            spacing=self.spacing,
        )
        m.d.comb += [
            self.start.eq(pairs.start),
            self.a_tag.ready.eq(pairs.block_end & (~a.last | b.last)),
            self.b_tag.ready.eq(pairs.block_end & (~b.last | a.last)),
        ]
        for tag, rest, out in (
            (self.a_tag, pairs.a_rest, self.a_pass),
            (self.b_tag, pairs.b_rest, self.b_pass),
        ):
            with m.If(out.release):
                m.d.sync += out.part.address.eq(out.part.address + 1)
            m.d.sync += [
                out.part.format.eq(tag.p.format),
                out.part.rest.eq(rest),
                out.first.eq(self.start),
                out.release.eq(tag.ready),
            ]

        faults = Signal(TileStatus)
        found = Signal(TileStatus)
        m.d.comb += found.eq(
            Mux(pairs.first, 0, faults)
            | Mux(pairs.block_end & (a.last ^ b.last), TileStatus.LENGTH_MISMATCH.value, 0)
            | Mux(a.overlong | b.overlong, TileStatus.OVERLONG.value, 0)
            | Mux(is_reserved(a.format) | is_reserved(b.format), TileStatus.RESERVED_FORMAT.value, 0)
        )
        with m.If(pairs.go):
            m.d.sync += faults.eq(found)
        with m.If(pairs.hold):
            m.d.sync += [self.a_pass.part.format.eq(RESERVED_CODE), self.a_pass.part.rest.eq(1)]
        m.d.sync += [
            self.issue.eq(pairs.go),
            self.control.first.eq(self.start),
            self.control.last.eq(pairs.tile_end),
            self.control.void.eq(found.any()),
            self.status.eq(found),
        ]
        return m
