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
from hw.stream.queue import Queue

__all__ = ["TileLoop"]


_TILES = 2
"""Tiles that wait for the sequencer: one that is given, while the loop finds the next one."""

_COMMANDS = 32
"""Results that may be on their way through the arrays; more short tiles wait."""


@dataclass(frozen=True)
class _Loops:
    """Where the loops are.

    Parameters
    ----------
    job:
        Register: the job whose tiles are issued.
    begin, issue:
        A job is taken, a tile is issued in this cycle.
    v_tile_last, s_tile_last, chunk_last, v_last, s_last:
        Whether the next tile is the last one of each loop, from the inside out: V's tiles of 16 columns, the
        group's tiles, the chunks, V, S.
    chunk_end, v_end, group_end:
        The last tile of a chunk, of the last chunk of a tile of V, of the last tile of V is issued.
    """

    job: data.View
    begin: Signal
    issue: Signal
    v_tile_last: Signal
    s_tile_last: Signal
    chunk_last: Value
    v_last: Signal
    s_last: Signal
    chunk_end: Signal
    v_end: Signal
    group_end: Signal


@dataclass(frozen=True)
class _Places:
    """Where tiles are: matrix rows from there on, and for A the address of D's row, for B the column.

    Parameters
    ----------
    s, v:
        The next tile of S and of V.
    v_first:
        The first of V's tiles in its 16 columns.
    a, b:
        The next tile of A and of B: ``s`` and ``v`` or the other way round.
    """

    s: data.View
    v: data.View
    v_first: data.View
    a: data.View
    b: data.View


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
    tile: Out(stream of ``tile_layout``)
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
        m.submodules.tiles = tiles = Queue(shape=self.tile.p.shape(), depth=_TILES)
        m.submodules.commands = commands = Queue(shape=self.results.p.shape(), depth=_COMMANDS)
        wiring.connect(m, tiles.o, wiring.flipped(self.tile))
        wiring.connect(m, commands.o, wiring.flipped(self.results))

        loops = self._loops(m, chunk)
        s_number, v_number = self._count_tiles(m, loops)
        places = self._places(m, loops)
        settled = self._find_ends(m, loops, places, s_number, v_number)
        self._choose_chunk(m, loops, chunk)
        v_slot, s_slot = self._slots(m, loops)
        s_is_new, s_is_done = self._stationary_use(m, loops)
        self._give_tile(m, loops, tiles.i, places, chunk, v_slot, s_slot, s_is_done)
        block_begins = self._give_results(m, loops, commands.i, places, chunk, s_number, v_number)
        ready = self._operands_ready(m, loops, v_needs=s_number == 0, s_needs=(v_number == 0) & s_is_new)

        may_issue = Signal()  # holds until the tile is issued, and is right again when the loop has settled
        m.d.sync += may_issue.eq(ready & tiles.i.ready & commands.i.ready)
        m.d.comb += [
            loops.issue.eq(self.active & settled & may_issue),
            tiles.i.valid.eq(loops.issue),
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
        m.d.comb += [
            loops.begin.eq(self.job.valid & ~self.active),
            self.job.ready.eq(~self.active),
            loops.chunk_end.eq(loops.issue & loops.v_tile_last & loops.s_tile_last),
            loops.v_end.eq(loops.chunk_end & loops.chunk_last),
            loops.group_end.eq(loops.v_end & loops.v_last),
        ]
        with m.If(loops.group_end & loops.s_last):
            m.d.sync += self.active.eq(0)
        with m.If(loops.begin):
            m.d.sync += [job.eq(self.job.p), self.active.eq(1)]
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

    def _find_ends(self, m, loops, places, s_number, v_number):
        """The ends of the loops: registers, right again two cycles after a tile, which a signal tells."""
        g, job = self.geometry, loops.job
        s_lanes, v_lanes = Mux(job.keep_b, g.b_lanes, g.a_lanes), Mux(job.keep_b, g.a_lanes, g.b_lanes)
        s_ends = places.s.left <= s_lanes
        group_tiles = Mux(job.keep_b, job.group * g.b_tiles, job.group)
        settled = Signal()
        m.d.sync += [
            settled.eq(~loops.issue & ~loops.begin),
            loops.v_tile_last.eq(
                (v_number == Mux(job.keep_b, 0, g.b_tiles - 1)) | (places.v.left <= v_lanes)
            ),
            loops.s_tile_last.eq(s_ends | (s_number == group_tiles - 1)),
            loops.v_last.eq(places.v_first.left <= Mux(job.keep_b, g.a_lanes, BLOCK_SIZE)),
            loops.s_last.eq(s_ends),
        ]
        return settled

    def _choose_chunk(self, m, loops, chunk):
        """The chunk of the next tile: a job's first one is chosen before the job is in its register."""
        job, new, begin = loops.job, self.job.p, loops.begin
        m.d.comb += [
            chunk.k_blocks.eq(Mux(begin, new.k_blocks, job.k_blocks)),
            chunk.leading[0].eq(Mux(begin, new.a.leading, job.a.leading)),
            chunk.leading[1].eq(Mux(begin, new.b.leading, job.b.leading)),
            chunk.first.eq(begin | loops.v_end),
            chunk.next.eq(loops.chunk_end),
        ]

    def _places(self, m, loops):
        """The places of the next tiles; those of the first tiles of the group and of V's are kept as well."""
        g, job, keep_b = self.geometry, loops.job, loops.job.keep_b
        place = data.StructLayout({"left": DIMENSION_BITS, "at": g.address_bits})
        s, s_group, v, v_first = (
            Signal(place, name=name, reset_less=True) for name in ("s", "s_group", "v", "v_first")
        )

        def to_start(places, b_side, job):
            left, at = Mux(b_side, job.b.rows, job.a.rows), Mux(b_side, 0, job.d_address)
            return [part for place in places for part in (place.left.eq(left), place.at.eq(at))]

        def to_place(places, new):
            return [place.eq(new) for place in places]

        def behind(name, place, b_side):
            found = Signal(place.shape(), name=name)
            step = Mux(b_side, g.b_lanes, job.row_step * g.parameters.arrays)
            m.d.comb += [
                found.left.eq(place.left - Mux(b_side, g.b_lanes, g.a_lanes)),
                found.at.eq((place.at + step)[: len(found.at)]),
            ]
            return found

        next_s, next_v = behind("next_s", s, keep_b), behind("next_v", v, ~keep_b)
        with m.If(loops.begin):
            new = self.job.p
            m.d.sync += to_start((s, s_group), new.keep_b, new)
            m.d.sync += to_start((v, v_first), ~new.keep_b, new)
        with m.Elif(loops.issue):
            with m.If(~loops.v_tile_last):
                m.d.sync += to_place([v], next_v)
            with m.Elif(~loops.s_tile_last):
                m.d.sync += [*to_place([v], v_first), *to_place([s], next_s)]
            with m.Elif(~loops.chunk_last):
                m.d.sync += [*to_place([v], v_first), *to_place([s], s_group)]
            with m.Elif(~loops.v_last):
                m.d.sync += [*to_place([v, v_first], next_v), *to_place([s], s_group)]
            with m.Else():
                m.d.sync += [*to_start((v, v_first), ~keep_b, job), *to_place([s, s_group], next_s)]
        a, b = (Signal(place, name=name) for name in ("a_place", "b_place"))
        m.d.comb += [a.eq(Mux(keep_b, v, s)), b.eq(Mux(keep_b, s, v))]
        return _Places(s, v, v_first, a, b)

    def _slots(self, m, loops):
        """Slots of V's and of S's tile; they follow each other in the order in which `OperandFetch` reads."""
        g, job = self.geometry, loops.job
        most, depth = max(g.slots) << MOST_STRIDE, max(g.depth)
        v, v_first, s, s_first = (
            Signal(slot_layout(slots=most, depth=depth), name=name)
            for name in ("v_slot", "v_slot_first", "s_slot", "s_slot_first")
        )
        pitch = Signal(range(g.k_blocks + 1))
        m.d.comb += pitch.eq(Const(g.k_blocks) >> job.stride)
        a_slots, b_slots = (Const(slots) << job.stride for slots in g.slots)
        next_v = next_slot(m, "v_slot_next", v, slots=Mux(job.keep_b, a_slots, b_slots), pitch=pitch)
        next_s = next_slot(m, "s_slot_next", s, slots=Mux(job.keep_b, b_slots, a_slots), pitch=pitch)
        with m.If(loops.issue):
            m.d.sync += v.eq(next_v)
            with m.If(loops.v_tile_last):
                m.d.sync += [v.eq(v_first), s.eq(next_s)]
        with m.If(loops.chunk_end):
            m.d.sync += [v.eq(next_v), v_first.eq(next_v)]
            with m.If(loops.v_end & job.resident & ~loops.v_last):
                m.d.sync += s.eq(s_first)
        with m.If(loops.group_end):
            m.d.sync += s_first.eq(next_s)
        with m.If(loops.begin & (self.job.p.keep_b != job.keep_b)):
            m.d.sync += [v.eq(s), v_first.eq(s), s.eq(v), s_first.eq(v)]
        with m.If(loops.begin & (self.job.p.stride != job.stride)):
            m.d.sync += [slot.eq(0) for slot in (v, v_first, s, s_first)]
        return v, s

    def _stationary_use(self, m, loops):
        """Whether the tile of S is read for this tile of V, and whether it is not needed for another one."""
        v_is_first = Signal()
        with m.If(loops.v_end):
            m.d.sync += v_is_first.eq(loops.v_last)
        with m.If(loops.begin):
            m.d.sync += v_is_first.eq(1)
        return v_is_first | ~loops.job.resident, loops.v_last | ~loops.job.resident

    def _give_tile(self, m, loops, to, places, chunk, v_slot, s_slot, s_is_done):
        """The next tile for the sequencer."""
        g, job = self.geometry, loops.job
        m.d.comb += to.p.blocks.eq(chunk.blocks)
        for part, operand, place, leading, is_s, lanes in (
            (to.p.a, job.a, places.a, chunk.taken[0], ~job.keep_b, g.a_lanes),
            (to.p.b, job.b, places.b, chunk.taken[1], job.keep_b, g.b_lanes),
        ):
            code = operand.format.as_value()
            m.d.comb += [
                part.slot.eq(Mux(is_s, s_slot.index, v_slot.index)[: len(part.slot)]),
                part.address.eq(Mux(is_s, s_slot.address, v_slot.address)[: len(part.address)]),
                part.leading.eq(leading),
                part.rest.eq(Mux(code == BlockCode.MXINT8.value, FormatCode.MX9, code)),
                part.lanes.eq(_at_most(lanes, place.left)),
                part.release.eq(Mux(is_s, loops.v_tile_last & s_is_done, loops.s_tile_last)),
            ]

    def _give_results(self, m, loops, to, places, chunk, s_number, v_number):
        """What becomes of the next tile's results; whether it is the first of those that make 16 columns."""
        g, job = self.geometry, loops.job
        a, b = places.a, places.b
        # Where a tile of A meets those of a group of B, they make a run.
        block = s_number >> (g.b_tiles.bit_length() - 1)
        run_begins, run_ends, block_begins, s_final = (
            Signal(name=name) for name in ("run_begins", "run_ends", "block_begins", "s_final")
        )
        m.d.sync += [
            s_final.eq(places.s.left <= Mux(job.keep_b, BLOCK_SIZE, g.a_lanes)),
            run_begins.eq(~job.keep_b | (block == 0)),
            run_ends.eq(~job.keep_b | (block == job.group - 1) | (b.left <= BLOCK_SIZE)),
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
