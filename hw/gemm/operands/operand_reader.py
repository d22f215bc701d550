"""What to read of one operand, in the order in which the tile loop needs it."""

from dataclasses import dataclass

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE
from hw.axi.read_master import read_command_layout
from hw.gemm.geometry import MOST_STRIDE
from hw.gemm.jobs.job import BLOCKS_BITS, DIMENSION_BITS, BlockCode, OperandSide, operand_layout
from hw.gemm.operands.operand_walker import OperandWalker
from hw.gemm.operands.slot_pointer import next_slot, slot_layout

__all__ = ["OperandReader", "reader_job_layout", "row_tag_layout"]


def row_tag_layout(geometry) -> data.StructLayout:
    """A row of blocks on its way from memory to an operand buffer.

    ``offset`` is its first byte in its first beat, ``blocks`` how many to take, ``address`` where the
    first goes in its lane, in slot ``slot``. ``last`` marks a tile's last row.
    """
    return data.StructLayout(
        {
            "offset": range(geometry.beat_bytes),
            "leading": range(geometry.k_blocks + 1),
            "blocks": range(geometry.k_blocks + 1),
            "format": BlockCode,
            "operand": OperandSide,
            "lane": range(max(2, *geometry.lanes)),
            "address": range(max(geometry.depth)),
            "slot": range(max(geometry.most_slots)),
            "last": 1,
        }
    )


def reader_job_layout(geometry) -> data.StructLayout:
    """What one side must know of a job: its operand, whether it is the stationary one, rows of the other.

    The rest as in ``job_layout``.
    """
    return data.StructLayout(
        {
            "operand": operand_layout(geometry),
            "stationary": 1,
            "other_rows": DIMENSION_BITS,
            "k_blocks": BLOCKS_BITS,
            "stride": range(MOST_STRIDE + 1),
            "group": range(geometry.most_group + 1),
            "resident": 1,
        }
    )


@dataclass(frozen=True)
class _Slots:
    """The slots of an operand buffer, as the reader goes around them.

    Parameters
    ----------
    begin, take, advance:
        What the reader does: begin the job at the input, with its size of slots; take a slot for a tile;
        leave it for the next one.
    current:
        The slot, `slot_layout`.
    free, fit:
        Whether a slot is free; whether the job at the input can have its size of slots.
    """

    begin: Signal
    take: Signal
    advance: Signal
    current: data.View
    free: Value
    fit: Value


class OperandReader(wiring.Component):
    """Commands the reads of every tile of A, or of B, as soon as there is a free slot for it.

    The stationary operand S, and the other one V::

        for each group of S:                            for each group of S:
            if resident: once                               for each tile of V (of B: as many as
            else: for each tile of V:                              make 16 columns):
                for each chunk of K:                            for each chunk of K:
                    read the group                                  read the tile

    The next job is begun as soon as this one is read.

    Latency some cycles per tile; throughput one row per cycle.

    Parameters
    ----------
    geometry:
        Sizes of the engine.
    side:
        The operand, `OperandSide`.

    Members
    -------
    job: In(stream of ``reader_job_layout``)
    command: Out(stream of ``read_command_layout``), tags ``row_tag_layout``
    released: In(1), a slot is free again
    met: Out(1), for one cycle: read is a tile of V whose chunk of S has to be read too, or that of S. Both
        sides do so equally often, in the same order.
    """

    def __init__(self, *, geometry, side):
        self.geometry = geometry
        self.side = OperandSide(side)
        n = self.side.value
        self.lanes = geometry.lanes[n]
        self.slots = geometry.slots[n]
        self.depth = geometry.depth[n]
        # Array tiles of a tile of V, of a tile in a group of S; rows of the other side's.
        self.tiles = (1, geometry.b_tiles)[n]
        self.other_rows = (BLOCK_SIZE, geometry.a_lanes)[n]
        self._job = reader_job_layout(geometry)
        self._command = read_command_layout(
            address_bits=geometry.address_bits, most_bytes=geometry.most_bytes, tag=row_tag_layout(geometry)
        )
        super().__init__(
            {
                "job": In(stream.Signature(self._job)),
                "command": Out(stream.Signature(self._command)),
                "released": In(1),
                "met": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        job = Signal(self._job, reset_less=True)
        m.submodules.walker = walker = OperandWalker(geometry=self.geometry)
        m.d.comb += [walker.operand.eq(job.operand), walker.blocks.eq(job.k_blocks)]
        lane = Signal(range(max(2, self.lanes)))
        tile_ends = Signal()  # the row is the last one of its tile
        m.d.comb += tile_ends.eq(walker.final | (lane == self.lanes - 1))
        slots = self._slots(m)
        self._walk(m, job, walker, slots, lane, tile_ends)

        command, tag = self.command.p, self.command.p.tag
        m.d.comb += [
            command.address.eq(walker.address),
            command.bytes.eq(walker.bytes),
            tag.offset.eq(walker.address[: len(tag.offset)]),
            tag.leading.eq(walker.leading),
            tag.blocks.eq(walker.taken),
            tag.format.eq(job.operand.format),
            tag.operand.eq(self.side),
            tag.lane.eq(lane),
            tag.address.eq(slots.current.address),
            tag.slot.eq(slots.current.index),
            tag.last.eq(tile_ends),
        ]
        return m

    def _walk(self, m, job, walker, slots, lane, tile_ends):
        """The loops of the class's docstring, a state for each of their bodies."""
        # Of the group, or of V's 16 columns.
        tiles_left = Signal(range(self.geometry.most_group * self.tiles + 1))
        more_tiles = Signal()  # whether it is not 0
        first_v = Signal()
        # Rows of the other operand that this one has yet to meet; a group meets ``step`` of them at a time.
        other_left = Signal(DIMENSION_BITS, reset_less=True)
        step = Signal(range(self.geometry.most_group * self.other_rows + 1))
        other_last = Signal()
        rows_met = Mux(job.stationary, 1, job.group) * self.other_rows
        m.d.comb += step.eq(rows_met[: len(step)])
        # A register: chunks take more cycles than one.
        m.d.sync += other_last.eq((job.stationary & job.resident) | (other_left <= step))
        with m.FSM(name="state"):
            with m.State("IDLE"):
                m.d.comb += [self.job.ready.eq(slots.fit), slots.begin.eq(self.job.valid & slots.fit)]
                m.d.sync += job.eq(self.job.p)
                with m.If(slots.begin):
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                m.d.sync += [first_v.eq(1), other_left.eq(job.other_rows)]
                m.next = "START"
            with m.State("START"):
                m.d.comb += [walker.start.eq(1), walker.mark.eq(1), walker.first_chunk.eq(1)]
                m.next = "CHUNK"
            with m.State("CHUNK"):
                m.d.comb += walker.rewind.eq(1)
                m.d.sync += [
                    tiles_left.eq(Mux(job.stationary, job.group, 1) * self.tiles),
                    more_tiles.eq(1),
                ]
                m.next = "TILE"
            with m.State("TILE"):
                m.d.sync += lane.eq(0)
                with m.If(walker.more & more_tiles):
                    m.d.comb += slots.take.eq(slots.free)
                    with m.If(slots.free):
                        m.next = "ROWS"
                with m.Else():
                    m.next = "CHUNK_END"
            with m.State("ROWS"):
                m.d.comb += self.command.valid.eq(1)
                with m.If(self.command.ready):
                    m.d.comb += [walker.step.eq(1), slots.advance.eq(tile_ends)]
                    m.d.sync += lane.eq(lane + 1)
                    with m.If(tile_ends):
                        m.d.sync += [tiles_left.eq(tiles_left - 1), more_tiles.eq(tiles_left != 1)]
                        m.next = "TILE"
            with m.State("CHUNK_END"):
                m.d.comb += self.met.eq(job.stationary | first_v | ~job.resident)
                m.next = "CHUNK"
                with m.If(~walker.last_chunk):
                    m.d.comb += walker.next_chunk.eq(1)
                with m.Else():
                    m.d.comb += walker.first_chunk.eq(1)
                    with m.If(job.stationary):
                        m.d.sync += other_left.eq(Mux(other_last, job.other_rows, other_left - step))
                        m.d.comb += walker.mark.eq(other_last)
                        with m.If(other_last & ~walker.more):
                            m.next = "IDLE"
                    with m.Else():
                        m.d.sync += first_v.eq(~walker.more)
                        m.d.comb += walker.mark.eq(1)
                        with m.If(~walker.more):
                            m.d.sync += other_left.eq(other_left - step)
                            m.next = "START"
                            with m.If(other_last):
                                m.next = "IDLE"

    def _slots(self, m):
        """The buffer's slots. Their number and size change only when all of them are free."""
        begin, take, advance = (Signal(name=name) for name in ("begin", "take", "advance"))
        wanted = self.job.p.stride
        stride = Signal.like(wanted)
        pitch = Signal(range(self.geometry.k_blocks + 1))
        most = self.slots << MOST_STRIDE
        slot = Signal(slot_layout(slots=most, depth=self.depth))
        slots_left = Signal(range(most + 1), init=self.slots)
        m.d.comb += pitch.eq(Const(self.geometry.k_blocks) >> stride)
        after = next_slot(m, "slot_after", slot, slots=Const(self.slots) << stride, pitch=pitch)
        free = Signal(init=1)  # whether it is not 0
        m.d.sync += [
            slots_left.eq(slots_left - take + self.released),
            free.eq(self.released | (slots_left > 1) | ((slots_left == 1) & ~take)),
        ]
        with m.If(advance):
            m.d.sync += slot.eq(after)
        change, all_free = Signal(), Signal(init=1)
        m.d.comb += change.eq(wanted != stride)
        # A cycle late: none is taken shortly before a job begins.
        m.d.sync += all_free.eq(slots_left == Const(self.slots) << stride)
        with m.If(begin & change):
            m.d.sync += [
                stride.eq(wanted),
                slot.eq(0),
                slots_left.eq(Const(self.slots) << wanted),
                free.eq(1),
            ]
        return _Slots(
            begin=begin,
            take=take,
            advance=advance,
            current=slot,
            free=free,
            fit=~change | all_free,
        )
