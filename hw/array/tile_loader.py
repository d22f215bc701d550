"""The receiving side of one operand: admits blocks, tags them, and counts complete tiles."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import SLOT_BITS
from hw.array.operand_lane import OperandLane, block_write_layout
from hw.block.layouts import FormatCode
from hw.stream.block_queue import BlockQueue
from hw.stream.packet import packet_layout
from hw.stream.skid_buffer import SkidBuffer
from hw.target.delay import delay

__all__ = ["TileLoader", "block_tag_layout"]

_BEHIND = 3
"""Beats that may be admitted before the counts know."""

_RELEASE_DELAY = 8
"""Cycles that a block's place stays taken besides the time in which it passes the lanes."""


def block_tag_layout() -> data.StructLayout:
    """What the sequencer must know of a buffered block.

    ``two_passes`` is for MX9 and for wide blocks of other formats, ``last`` ends the tile, ``overlong``
    says that the tile had more blocks, which were dropped.
    """
    return data.StructLayout({"format": FormatCode, "two_passes": 1, "last": 1, "overlong": 1})


class TileLoader(wiring.Component):
    """Write control of ``lanes`` operand lanes that share one ring buffer address.

    A beat carries one block for every lane. Blocks are admitted while the ring has room and the
    lanes can keep another tile's references; a tile that is longer than ``k_blocks`` is cut there,
    tagged ``overlong``, and the rest of its beats are taken and dropped, so nothing hangs.

    Latency from an accepted beat to its tag at the output is ``latency`` cycles; throughput one beat per
    cycle. ``i.ready`` does not depend on ``i.valid``.

    Parameters
    ----------
    lanes:
        Lanes that a beat fills: rows or columns of the array.
    k_blocks:
        Longest tile in blocks.
    depth:
        Blocks that a lane's buffer holds, a power of two.
    tiles:
        Tiles between admission and retirement that the lanes can keep apart, a power of two.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    i: In(stream of packets), ``lanes`` slots of 144 bits, user = FormatCode, last = end of tile
    write: Out(``block_write_layout``); blocks: Out(144) x lanes, both for the lanes
    wide: In(1), any lane's ``wide``, one cycle after ``write``
    tag: Out(stream of ``block_tag_layout``), of buffered blocks in order
    tiles_ready: Out, complete tiles that the sequencer has not started
    start: In(1), the sequencer starts a tile
    release: In(1), a block will not be read again
    retire: In(1), a tile's references will not be read again
    """

    latency = 6

    @staticmethod
    def depth_for(*, lanes, k_blocks):
        """Least ring that keeps tiles of ``k_blocks`` one-pass blocks without a gap."""
        return 2 * k_blocks + lanes + _BEHIND + _RELEASE_DELAY

    def __init__(self, *, lanes, k_blocks, depth, tiles, target="generic"):
        self.lanes = lanes
        self.k_blocks = k_blocks
        self.depth = depth
        self.tiles = tiles
        self.target = target
        super().__init__(
            {
                "i": In(stream.Signature(packet_layout(data.ArrayLayout(SLOT_BITS, lanes), FormatCode))),
                "write": Out(block_write_layout(depth)),
                "blocks": Out(SLOT_BITS).array(lanes),
                "wide": In(1),
                "tag": Out(stream.Signature(block_tag_layout())),
                "tiles_ready": Out(range(tiles + 1)),
                "start": In(1),
                "release": In(1),
                "retire": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.tags = tags = BlockQueue(shape=block_tag_layout(), depth=self.depth, target=self.target)

        used = Signal(range(self.depth + 1))
        admitted = Signal(range(self.tiles + 1))
        room, slot = Signal(init=1), Signal(init=1)
        count = Signal(range(self.k_blocks + 1))
        dropping = Signal()
        first = Signal(init=1)
        only = self.k_blocks == 1
        cut = Signal(init=only)

        m.d.comb += [
            self.i.ready.eq(dropping | (room & (slot | ~first))),
            self.write.enable.eq(self.i.valid & self.i.ready & ~dropping),
            self.write.format.eq(self.i.p.user),
            self.write.first.eq(first),
            self.write.last.eq(self.i.p.last | cut),
        ]
        m.d.comb += [self.blocks[lane].eq(self.i.p.data[lane]) for lane in range(self.lanes)]
        with m.If(self.write.enable):
            m.d.sync += [
                self.write.address.eq(self.write.address + 1),
                first.eq(self.write.last),
                count.eq(Mux(self.write.last, 0, count + 1)),
                cut.eq(only | (~self.write.last & (count == self.k_blocks - 2))),
                dropping.eq(cut & ~self.i.p.last),
            ]
        with m.If(dropping & self.i.valid & self.i.p.last):
            m.d.sync += dropping.eq(0)

        # ``room`` and ``slot`` are three cycles behind: they keep space for what is admitted meanwhile.
        begun = delay(m, "begun", self.write.enable & first, 1, reset_less=False)
        written = delay(m, "written", self.write.enable, 1, reset_less=False)
        m.d.sync += [
            used.eq(used + written - self.release),
            admitted.eq(admitted + begun - self.retire),
            room.eq(used <= self.depth - _BEHIND),
            slot.eq(admitted <= self.tiles - _BEHIND),
        ]

        # The tag waits for ``wide``, and the count of tiles for the references of all lanes.
        tag = Signal(block_tag_layout())
        m.d.comb += [
            tag.format.eq(self.write.format),
            tag.last.eq(self.write.last),
            tag.overlong.eq(cut & ~self.i.p.last),
        ]
        late = Signal(block_tag_layout())
        m.d.comb += [
            late.eq(delay(m, "tag", tag, 2)),
            late.two_passes.eq(
                delay(m, "wide", self.wide, 1) | delay(m, "is_mx9", self.write.format == FormatCode.MX9, 2)
            ),
            tags.coming.eq(delay(m, "tag_coming", self.write.enable, 1, reset_less=False)),
            tags.data.eq(late),
        ]
        # What the sequencer decides in a cycle reaches no farther than this buffer.
        m.submodules.tag_buffer = tag_buffer = SkidBuffer(shape=block_tag_layout())
        wiring.connect(m, tags.o, tag_buffer.i)
        wiring.connect(m, tag_buffer.o, wiring.flipped(self.tag))
        complete = delay(
            m,
            "complete",
            self.write.enable & self.write.last,
            OperandLane.completion_latency + 1,
            reset_less=False,
        )
        m.d.sync += self.tiles_ready.eq(self.tiles_ready + complete - self.start)
        return m
