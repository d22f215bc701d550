"""The order in which tiles are multiplied."""

from dataclasses import dataclass, fields

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE
from hw.block.layouts import FormatCode
from hw.gemm.geometry import MOST_STRIDE
from hw.gemm.jobs.job import DIMENSION_BITS, BlockCode, job_layout
from hw.gemm.operands.chunk_counter import ChunkCounter
from hw.gemm.operands.slot_pointer import next_slot, slot_layout
from hw.gemm.tiles.tile_layouts import results_layout, tile_layout
from hw.gemm.tiles.tile_place import TilePlace, TileSteps
from hw.stream.queue import Queue

__all__ = ["TileLoop"]


COMMANDS = 32
"""Results that may be on their way through the arrays; more short tiles wait."""


@dataclass(frozen=True)
class _Loops:
    """Where the loops are.

    Parameters
    ----------
    job:
        Register: the job whose tiles are issued.
    begin, issue:
        A job begins, which was taken in the cycle before; a tile is issued in this cycle.
    v_tile_last, s_tile_last, chunk_last, v_last, s_last:
        Whether the next tile is the last one of each loop, from the inside out: V's tiles of 16 columns, the
        group's tiles, the chunks, V, S.
    chunk_ends:
        Whether it is the last one of the two innermost loops.
    chunk_end, v_end, group_end:
        The last tile of a chunk, of the last chunk of a tile of V, of the last tile of V is issued.
    """

    job: data.View
    begin: Signal
    issue: Signal
    v_tile_last: Signal
    s_tile_last: Signal
    chunk_ends: Signal
    chunk_last: Value
    v_last: Signal
    s_last: Signal
    chunk_end: Signal
    v_end: Signal
    group_end: Signal


class TileLoop(wiring.Component):
    """Issues every tile of a job, with where its operands lie on chip and where its results go.

    With S the stationary operand, V the other one::

        for each group of S:
            for each tile of V (of B: as many as make 16 columns):
                for each chunk of K:
                    for each tile of the group (of B: again), for each of V's tiles:
                        a tile

    A tile is issued when its operands are on chip. Its slots are released with the last tile that needs
    them. Throughput one tile in two cycles: one to find the ends of the loops, one to issue it.

    Parameters
    ----------
    geometry:
        Sizes of the engine.

    Members
    -------
    job: In(stream of ``job_layout``)
    loaded: In(2), a tile of A (bit 0), of B (bit 1) is complete on chip
    tile: Out(stream of ``tile_layout``), given a cycle after it was ready, which it stays meanwhile
    results: Out(stream of ``results_layout``), with the first of the tiles that make 16 columns
    active: Out(1), a job has tiles left; starved: Out(1), the next one's operands are not on chip
    """

    def __init__(self, *, geometry):
        self.geometry = geometry
        super().__init__(
            {
                "job": In(stream.Signature(job_layout(geometry))),
                "loaded": In(2),
                "tile": Out(stream.Signature(tile_layout(geometry))),
                "results": Out(stream.Signature(results_layout(geometry))),
                "active": Out(1),
                "starved": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.chunk = chunk = ChunkCounter(geometry=self.geometry, operands=2)
        m.submodules.commands = commands = Queue(shape=self.results.p.shape(), depth=COMMANDS)
        wiring.connect(m, commands.o, wiring.flipped(self.results))

        loops = self._loops(m, chunk)
        s_number, v_number = self._count_tiles(m, loops)
        a, b = self._places(m, loops)
        self._find_ends(m, loops, a, b, s_number, v_number)
        self._choose_chunk(m, loops, chunk)
        slots = self._slots(m, loops)
        s_is_new, s_is_done = self._stationary_use(m, loops)
        self._give_tile(m, loops, self.tile.p, (a, b), slots, chunk, s_is_done)
        block_begins = self._give_results(m, loops, commands.i, a, b, chunk, s_number, v_number)
        ready = self._operands_ready(m, loops, v_needs=s_number == 0, s_needs=(v_number == 0) & s_is_new)

        # Much hangs on it, so it is a register: a tile is issued in the cycle after all is found to be there.
        m.d.sync += loops.issue.eq(
            self.active & ~loops.begin & ~loops.issue & ready & self.tile.ready & commands.i.ready
        )
        m.d.comb += [
            self.tile.valid.eq(loops.issue),
            commands.i.valid.eq(loops.issue & block_begins),
            self.starved.eq(self.active & ~ready),
        ]
        return m

    def _loops(self, m, chunk):
        """Take jobs; the signals that the loops consist of."""
        job = Signal(job_layout(self.geometry), reset_less=True)
        made = {
            field.name: Signal(name=field.name)
            for field in fields(_Loops)
            if field.name not in ("job", "chunk_last")
        }
        loops = _Loops(job=job, chunk_last=chunk.is_last, **made)
        taken = Signal()
        m.d.comb += [
            taken.eq(self.job.valid & self.job.ready),
            self.job.ready.eq(~self.active & ~loops.begin),
            loops.chunk_end.eq(loops.issue & loops.chunk_ends),
            loops.v_end.eq(loops.issue & loops.chunk_ends & loops.chunk_last),
            loops.group_end.eq(loops.issue & loops.chunk_ends & loops.chunk_last & loops.v_last),
        ]
        with m.If(loops.group_end & loops.s_last):
            m.d.sync += self.active.eq(0)
        m.d.sync += loops.begin.eq(taken)
        with m.If(taken):
            m.d.sync += job.eq(self.job.p)
        with m.If(loops.begin):
            m.d.sync += self.active.eq(1)
        return loops

    def _count_tiles(self, m, loops):
        """Tiles within a chunk: the number of S's and of V's."""
        g = self.geometry
        s_number = Signal(range(g.most_group * g.b_tiles + 1))
        v_number = Signal(range(max(2, g.b_tiles)))
        with m.If(loops.issue):
            m.d.sync += v_number.eq(Mux(loops.v_tile_last, 0, v_number + 1))
            with m.If(loops.v_tile_last):
                m.d.sync += s_number.eq(Mux(loops.s_tile_last, 0, s_number + 1))
        return s_number, v_number

    def _find_ends(self, m, loops, a, b, s_number, v_number):
        """The ends of the loops: registers, right again two cycles after a tile, when the next may come."""
        g, job = self.geometry, loops.job
        s_ends, v_ends = Mux(job.keep_b, b.ends, a.ends), Mux(job.keep_b, a.ends, b.ends)
        group_tiles = Mux(job.keep_b, job.group * g.b_tiles, job.group)
        s_most = Signal.like(s_number)
        v_tile_last, s_tile_last = Signal(name="is_v_tile_last"), Signal(name="is_s_tile_last")
        m.d.comb += [
            v_tile_last.eq((v_number == Mux(job.keep_b, 0, g.b_tiles - 1)) | v_ends),
            s_tile_last.eq(s_ends | (s_number == s_most)),
        ]
        m.d.sync += [
            s_most.eq(group_tiles - 1),
            loops.v_tile_last.eq(v_tile_last),
            loops.s_tile_last.eq(s_tile_last),
            loops.chunk_ends.eq(v_tile_last & s_tile_last),
            loops.v_last.eq(Mux(job.keep_b, a.first_ends, b.first_ends)),
            loops.s_last.eq(s_ends),
        ]

    def _choose_chunk(self, m, loops, chunk):
        """The chunk of the next tile."""
        job = loops.job
        m.d.comb += [
            chunk.k_blocks.eq(job.k_blocks),
            chunk.leading[0].eq(job.a.leading),
            chunk.leading[1].eq(job.b.leading),
            chunk.first.eq(loops.begin | loops.v_end),
            chunk.next.eq(loops.chunk_end),
        ]

    def _steps(self, loops, is_s, *, s, v):
        """The steps of an operand that is S, or else V: when it goes ``back``, and when it is to ``keep``.

        With each tile V moves, and S with V's last one.
        """
        moves = loops.issue & (~is_s | loops.v_tile_last)
        return TileSteps(moves, *(Mux(is_s, of_s, of_v) for of_s, of_v in zip(s, v, strict=True)))

    def _places(self, m, loops):
        """The places of the next tiles of A and of B."""
        g, job = self.geometry, loops.job
        v_tile_end = loops.issue & loops.v_tile_last
        s = (loops.chunk_end & ~loops.group_end, loops.group_end)
        v = (v_tile_end & ~loops.v_end, loops.v_end & ~loops.v_last)
        found = []
        for name, is_s, lanes, block, at_bits, step in (
            ("a", ~job.keep_b, g.a_lanes, g.a_lanes, g.address_bits, job.row_step * g.parameters.arrays),
            ("b", job.keep_b, g.b_lanes, BLOCK_SIZE, DIMENSION_BITS, g.b_lanes),
        ):
            # What much hangs on is known with the place.
            layout = data.StructLayout({"left": DIMENSION_BITS, "at": at_bits, "ends": 1, "block_ends": 1})
            place, first = (
                Signal(layout, name=f"{name}_{kind}", reset_less=True) for kind in ("place", "first_place")
            )
            following, start = (
                Signal(layout, name=f"{name}_{kind}", reset_less=True) for kind in ("next_place", "start")
            )
            rows = getattr(job, name).rows
            m.d.sync += [  # right when a tile is issued, two cycles after the one before
                following.left.eq(place.left - lanes),
                following.ends.eq(place.left <= 2 * lanes),
                following.block_ends.eq(place.left <= lanes + block),
                following.at.eq((place.at + step)[:at_bits]),
            ]
            m.d.comb += [
                start.left.eq(rows),
                start.ends.eq(rows <= lanes),
                start.block_ends.eq(rows <= block),
                start.at.eq(job.d_address if name == "a" else 0),
            ]
            self._steps(loops, is_s, s=s, v=v).take(m, place, first, following)
            with m.If(loops.begin | (~is_s & loops.group_end)):
                m.d.sync += [place.eq(start), first.eq(start)]
            found.append(TilePlace(place.at, place.left, place.ends, place.block_ends, first.block_ends))
        return found

    def _slots(self, m, loops):
        """Slots of the next tiles of A and of B: in the order in which `OperandFetch` reads."""
        g, job = self.geometry, loops.job
        pitch = Signal(range(g.k_blocks + 1))
        divided_anew = Signal()
        m.d.comb += pitch.eq(Const(g.k_blocks) >> job.stride)
        m.d.sync += divided_anew.eq(self.job.p.stride != job.stride)
        v_tile_end = loops.issue & loops.v_tile_last
        s_again = loops.v_end & job.resident & ~loops.v_last
        s = (s_again, loops.group_end)
        v = (v_tile_end & ~loops.chunk_end, loops.chunk_end)
        found = []
        for n, (name, is_s) in enumerate((("a", ~job.keep_b), ("b", job.keep_b))):
            layout = slot_layout(slots=g.most_slots[n], depth=g.depth[n])
            slot, first = (Signal(layout, name=f"{name}_{kind}") for kind in ("slot", "first_slot"))
            slots = Const(g.slots[n]) << job.stride
            following = Signal(layout, name=f"{name}_next_slot")  # right when a tile is issued
            m.d.sync += following.eq(next_slot(m, f"{name}_slot_behind", slot, slots=slots, pitch=pitch))
            # In another division of the buffers all begin anew.
            self._steps(loops, is_s, s=s, v=v).take(m, slot, first, following)
            with m.If(loops.begin & divided_anew):
                m.d.sync += [slot.eq(0), first.eq(0)]
            found.append(slot)
        return found

    def _stationary_use(self, m, loops):
        """Whether the tile of S is read for this tile of V, and whether it is not needed for another one."""
        v_is_first = Signal()
        with m.If(loops.v_end):
            m.d.sync += v_is_first.eq(loops.v_last)
        with m.If(loops.begin):
            m.d.sync += v_is_first.eq(1)
        return v_is_first | ~loops.job.resident, loops.v_last | ~loops.job.resident

    def _give_tile(self, m, loops, to, places, slots, chunk, s_is_done):
        """The next tile for the sequencer."""
        g, job = self.geometry, loops.job
        m.d.comb += to.blocks.eq(chunk.blocks)
        for part, operand, place, slot, leading, is_s, lanes in (
            (to.a, job.a, places[0], slots[0], chunk.taken[0], ~job.keep_b, g.a_lanes),
            (to.b, job.b, places[1], slots[1], chunk.taken[1], job.keep_b, g.b_lanes),
        ):
            code = operand.format.as_value()
            m.d.comb += [
                part.slot.eq(slot.index),
                part.address.eq(slot.address),
                part.leading.eq(leading),
                part.rest.eq(Mux(code == BlockCode.MXINT8.value, FormatCode.MX9, code)),
                part.lanes.eq(_at_most(lanes, place.left)),
                part.release.eq(Mux(is_s, loops.v_tile_last & s_is_done, loops.s_tile_last)),
            ]

    def _give_results(self, m, loops, to, a, b, chunk, s_number, v_number):
        """What becomes of the next tile's results; whether it is the first of those that make 16 columns."""
        g, job = self.geometry, loops.job
        # Where a tile of A meets those of a group of B, they make a run.
        block = s_number >> (g.b_tiles.bit_length() - 1)
        run_begins, run_ends, block_begins, s_final = (
            Signal(name=name) for name in ("run_begins", "run_ends", "block_begins", "s_final")
        )
        m.d.sync += [
            s_final.eq(Mux(job.keep_b, b.block_ends, a.ends)),
            run_begins.eq(~job.keep_b | (block == 0)),
            run_ends.eq(~job.keep_b | (block == job.group - 1) | b.block_ends),
            block_begins.eq(Mux(job.keep_b, (s_number & (g.b_tiles - 1)) == 0, v_number == 0)),
        ]
        job_first = Signal()
        slot = Signal(range(g.partial_slots))
        m.d.comb += [
            to.p.row_address.eq(a.at),
            to.p.column_block.eq(b.at[BLOCK_SIZE.bit_length() - 1 :][: len(to.p.column_block)]),
            to.p.rows.eq(_at_most(g.a_lanes, a.left)),
            to.p.columns.eq(_at_most(BLOCK_SIZE, b.left)),
            to.p.first.eq(chunk.is_first),
            to.p.last.eq(chunk.is_last),
            to.p.slot.eq(slot),
            to.p.begins.eq(run_begins),
            to.p.ends.eq(run_ends),
            to.p.job_first.eq(job_first),
            to.p.job_last.eq(loops.v_last & s_final & chunk.is_last),
        ]
        if g.functions:
            m.d.comb += to.p.row.eq((job.a.rows - a.left)[: len(to.p.row)])
        with m.If(loops.issue & block_begins):
            m.d.sync += [job_first.eq(0), slot.eq(Mux(slot == g.partial_slots - 1, 0, slot + 1))]
        with m.If(loops.chunk_end & ~(chunk.is_first & chunk.is_last)):
            m.d.sync += slot.eq(0)  # the next chunk's tiles in the same order
        with m.If(loops.begin):
            m.d.sync += [job_first.eq(1), slot.eq(0)]
        return block_begins

    def _operands_ready(self, m, loops, *, v_needs, s_needs):
        """Whether the next tile's operands are on chip, where ``v_needs`` and ``s_needs`` one that is new."""
        keep_b = loops.job.keep_b
        ready = []
        for n, (name, needs) in enumerate(
            (("a", Mux(keep_b, v_needs, s_needs)), ("b", Mux(keep_b, s_needs, v_needs)))
        ):
            available = Signal(range((self.geometry.slots[n] << MOST_STRIDE) + 1), name=f"{name}_available")
            m.d.sync += available.eq(available + self.loaded[n] - (loops.issue & needs))
            ready.append(~needs | (available != 0))
        return ready[0] & ready[1]


def _at_most(limit, value):
    """``value``, or ``limit`` where it is more, in the bits of ``limit``."""
    return Mux(value < limit, value, limit)[: limit.bit_length()]
