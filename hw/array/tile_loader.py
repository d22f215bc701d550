"""The receiving side of one operand: admits blocks, tags them, and counts complete tiles."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE, SLOT_BITS
from hw.array.operand_lane import OperandLane, block_write_layout
from hw.block.aligned_block import align, aligned_block_layout, format_selects
from hw.block.layouts import FormatCode
from hw.stream.block_queue import BlockQueue
from hw.stream.packet import packet_layout
from hw.stream.skid_buffer import SkidBuffer
from hw.target.delay import delay
from hw.target.or_tree import or_tree, or_tree_latency

__all__ = ["TileLoader", "block_tag_layout"]

_TO_WRITE = 2
"""Cycles from a beat to its write."""

_BEHIND = 3
"""Beats that may be admitted before the counts know."""

_RELEASE_DELAY = 2 + OperandLane.last_read
"""Cycles that a block's place stays taken after its tag, besides one for each lane."""


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

    A beat goes to registers, is aligned, and goes to registers again, from which it is written: on its way to
    the memories, which may be far, there is nothing but wires. Latency from an accepted beat to its tag at
    the output is ``latency_of`` cycles; throughput one beat per cycle. ``i.ready`` does not depend on
    ``i.valid``.

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
    i: In(stream of packets), ``lanes`` blocks of 144 bits, user = FormatCode, last = end of tile
    write: Out(``block_write_layout``); blocks: Out(``aligned_block_layout``) x lanes, both for the lanes
    wide: In(16) x lanes, the lanes' ``wide``, one cycle after ``write``
    tag: Out(stream of ``block_tag_layout``), of buffered blocks in order
    tile_ready: Out(1), a register: there is a complete tile that the sequencer has not started
    start: In(1), the sequencer starts it
    release: In(1), a block will not be read again
    retire: In(1), a tile's references will not be read again
    """

    @staticmethod
    def latency_of(lanes):
        """Cycles from a beat for so many lanes to its tag."""
        return 1 + _TO_WRITE + or_tree_latency(BLOCK_SIZE * lanes) + BlockQueue.latency + SkidBuffer.latency

    @classmethod
    def depth_for(cls, *, lanes, k_blocks):
        """Least ring that keeps tiles of ``k_blocks`` one-pass blocks without a gap."""
        return 2 * k_blocks + lanes + _BEHIND + cls.latency_of(lanes) + _RELEASE_DELAY

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
                "blocks": Out(aligned_block_layout()).array(lanes),
                "wide": In(BLOCK_SIZE).array(lanes),
                "tag": Out(stream.Signature(block_tag_layout())),
                "tile_ready": Out(1),
                "start": In(1),
                "release": In(1),
                "retire": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        overlong = self._admit(m)
        self._keep_tags(m, overlong)
        self._count_tiles(m)
        return m

    def _admit(self, m):
        """Take beats to the registers that are written from; whether a tile was cut after the block there."""
        used = Signal(range(self.depth + 1))
        admitted = Signal(range(self.tiles + 1))
        room, slot = Signal(init=1), Signal(init=1)
        count = Signal(range(self.k_blocks + 1))
        dropping = Signal()
        first = Signal(init=1)
        only = self.k_blocks == 1
        cut = Signal(init=only)

        accept, last = Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(dropping | (room & (slot | ~first))),
            accept.eq(self.i.valid & self.i.ready & ~dropping),
            last.eq(self.i.p.last | cut),
        ]
        selects = Signal(len(format_selects(self.i.p.user)), reset_less=True)
        beat = Signal.like(self.write)
        m.d.sync += [
            beat.enable.eq(accept),
            beat.format.eq(self.i.p.user),
            beat.first.eq(first),
            beat.last.eq(last),
            selects.eq(format_selects(self.i.p.user)),
            self.write.eq(beat),
        ]
        for lane in range(self.lanes):
            block = Signal(SLOT_BITS, name=f"block_{lane}", reset_less=True)
            aligned = Signal.like(self.blocks[lane], name=f"aligned_{lane}", reset_less=True)
            m.d.sync += [block.eq(self.i.p.data[lane]), aligned.eq(align(selects, block))]
            m.d.comb += self.blocks[lane].eq(aligned)
        with m.If(beat.enable):
            m.d.sync += beat.address.eq(beat.address + 1)
        with m.If(accept):
            m.d.sync += [
                first.eq(last),
                count.eq(Mux(last, 0, count + 1)),
                cut.eq(only | (~last & (count == self.k_blocks - 2))),
                dropping.eq(cut & ~self.i.p.last),
            ]
        with m.If(dropping & self.i.valid & self.i.p.last):
            m.d.sync += dropping.eq(0)

        # ``room`` and ``slot`` are three cycles behind: they keep space for what is admitted meanwhile.
        m.d.sync += [
            used.eq(used + beat.enable - self.release),
            admitted.eq(admitted + (beat.enable & beat.first) - self.retire),
            room.eq(used <= self.depth - _BEHIND),
            slot.eq(admitted <= self.tiles - _BEHIND),
        ]

        return delay(m, "overlong", cut & ~self.i.p.last, _TO_WRITE)

    def _keep_tags(self, m, overlong):
        """Keep the tag of each block, which waits for ``wide``."""
        m.submodules.tags = tags = BlockQueue(shape=block_tag_layout(), depth=self.depth, target=self.target)
        tag = Signal(block_tag_layout())
        m.d.comb += [
            tag.format.eq(self.write.format),
            tag.last.eq(self.write.last),
            tag.overlong.eq(overlong),
        ]
        wide = Cat(self.wide)
        join = or_tree_latency(len(wide))
        is_mx9 = delay(m, "is_mx9", self.write.format == FormatCode.MX9, 1 + join)
        m.d.comb += [
            tags.coming.eq(delay(m, "tag_coming", self.write.enable, join, reset_less=False)),
            tags.data.eq(delay(m, "tag", tag, 1 + join)),
            tags.data.two_passes.eq(or_tree(m, "wide", wide) | is_mx9),
        ]
        # What the sequencer decides in a cycle reaches no farther than this buffer.
        m.submodules.tag_buffer = tag_buffer = SkidBuffer(shape=block_tag_layout())
        wiring.connect(m, tags.o, tag_buffer.i)
        wiring.connect(m, tag_buffer.o, wiring.flipped(self.tag))

    def _count_tiles(self, m):
        """Count complete tiles: those whose last tag, and the references of all lanes, are there."""
        complete = delay(
            m,
            "complete",
            self.write.enable & self.write.last,
            max(OperandLane.completion_latency + 1, self.latency_of(self.lanes) - _TO_WRITE - 1),
            reset_less=False,
        )
        # What the sequencer decides in a cycle goes through one look-up table only: it is counted later.
        started = delay(m, "started", self.start, 1, reset_less=False)
        tiles_ready = Signal(range(self.tiles + 1))
        one, two = Signal(), Signal()
        m.d.comb += [one.eq((tiles_ready == 1) & ~started), two.eq(tiles_ready == 2)]
        m.d.sync += [
            tiles_ready.eq(tiles_ready + complete - started),
            self.tile_ready.eq(complete | (tiles_ready > 2) | (two & ~started) | ((one | two) & ~self.start)),
        ]
