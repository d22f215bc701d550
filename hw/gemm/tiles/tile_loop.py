"""The order in which tiles are multiplied."""

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import data, fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE
from hw.block.layouts import FormatCode
from hw.gemm.geometry import MOST_STRIDE
from hw.gemm.jobs.job import BLOCKS_BITS, DIMENSION_BITS, BlockCode, job_layout
from hw.gemm.operands.chunk_counter import ChunkCounter
from hw.gemm.operands.slot_pointer import next_slot, slot_layout

__all__ = ["TileLoop", "results_layout", "tile_layout", "tile_operand_layout"]


def tile_operand_layout(geometry, side) -> data.StructLayout:
    """One operand of a tile: where it lies, its MX9 blocks and the format of the rest, lanes that hold rows.

    ``release`` gives its slot free for other data.
    """
    return data.StructLayout(
        {
            "address": range(geometry.depth[side]),
            "leading": range(geometry.k_blocks + 1),
            "rest": FormatCode,
            "lanes": range(geometry.lanes[side] + 1),
            "release": 1,
        }
    )


def tile_layout(geometry) -> data.StructLayout:
    """A tile of ``blocks`` k-blocks for the arrays to multiply."""
    return data.StructLayout(
        {
            "a": tile_operand_layout(geometry, 0),
            "b": tile_operand_layout(geometry, 1),
            "blocks": range(geometry.k_blocks + 1),
        }
    )


def results_layout(geometry) -> data.StructLayout:
    """What becomes of the results of all arrays for 16 columns and one chunk, see ``tile_command_layout``.

    ``row_address`` and ``rows`` are for all arrays together. ``job_first`` and ``job_last`` mark
    a job's first and last.
    """
    return data.StructLayout(
        {
            "row_address": geometry.address_bits,
            "column_block": BLOCKS_BITS,
            "rows": range(geometry.a_lanes + 1),
            "columns": range(BLOCK_SIZE + 1),
            "first": 1,
            "last": 1,
            "slot": range(geometry.partial_slots),
            "begins": 1,
            "ends": 1,
            "job_first": 1,
            "job_last": 1,
        }
    )


_COMMANDS = 32
"""Results that may be on their way through the arrays; more short tiles wait."""


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
        g = self.geometry
        self._job = job = Signal(job_layout(g), reset_less=True)
        self._keep_b = keep_b = job.keep_b
        m.submodules.chunk = self._chunk = chunk = ChunkCounter(geometry=g)
        self._fire, self._take = fire, take = Signal(), Signal()
        m.d.comb += [take.eq(self.job.valid & ~self.active), self.job.ready.eq(~self.active)]

        # Tiles within a chunk: number i of S, number j of V.
        i = Signal(range(g.most_group * g.b_tiles + 1))
        j = Signal(range(max(2, g.b_tiles)))
        first_v = Signal()
        # The ends of the loops, from the inside out.
        j_last, i_last, v_last, s_last = (
            Signal(name=name) for name in ("j_last", "i_last", "v_last", "s_last")
        )
        s, v, v_whole = self._places(m, i_last, j_last, v_last)
        s_lanes, v_lanes = Mux(keep_b, g.b_lanes, g.a_lanes), Mux(keep_b, g.a_lanes, g.b_lanes)
        # All of these are registers, right again two cycles after a tile.
        s_ends = s.left <= s_lanes
        settled = self._settled = Signal()
        m.d.sync += [
            settled.eq(~fire & ~take),
            j_last.eq((j == Mux(keep_b, 0, g.b_tiles - 1)) | (v.left <= v_lanes)),
            s_last.eq(s_ends),
            i_last.eq(s_ends | (i == Mux(keep_b, job.group * g.b_tiles, job.group) - 1)),
            v_last.eq(v_whole.left <= Mux(keep_b, g.a_lanes, BLOCK_SIZE)),
        ]
        chunk_end, v_end, group_end = (Signal(name=name) for name in ("chunk_end", "v_end", "group_end"))
        m.d.comb += [
            chunk_end.eq(fire & j_last & i_last),
            v_end.eq(chunk_end & chunk.is_last),
            group_end.eq(v_end & v_last),
            chunk.k_blocks.eq(Mux(take, self.job.p.k_blocks, job.k_blocks)),
            chunk.a_leading.eq(Mux(take, self.job.p.a.leading, job.a.leading)),
            chunk.b_leading.eq(Mux(take, self.job.p.b.leading, job.b.leading)),
            chunk.first.eq(take | v_end),
            chunk.next.eq(chunk_end),
        ]
        with m.If(fire):
            m.d.sync += j.eq(Mux(j_last, 0, j + 1))
            with m.If(j_last):
                m.d.sync += i.eq(Mux(i_last, 0, i + 1))
        with m.If(v_end):
            m.d.sync += first_v.eq(v_last)
        with m.If(group_end & s_last):
            m.d.sync += self.active.eq(0)
        with m.If(take):
            m.d.sync += [job.eq(self.job.p), self.active.eq(1), first_v.eq(1)]

        # The first and the last tile that need a slot.
        read_s, done_s = first_v | ~job.resident, v_last | ~job.resident
        v_slot, s_slot = self._slots(m, j_last, i_last, v_end & job.resident & ~v_last, chunk_end, group_end)
        a, b = self._tile(m, s, v, v_slot, s_slot, i_last, j_last & done_s)
        # Where a tile of A meets those of a group of B, they make a run.
        block = i >> (g.b_tiles.bit_length() - 1)
        begins, ends, fresh, s_final = (Signal(name=name) for name in ("begins", "ends", "fresh", "s_final"))
        m.d.sync += [
            s_final.eq(s.left <= Mux(keep_b, BLOCK_SIZE, g.a_lanes)),
            begins.eq(~keep_b | (block == 0)),
            ends.eq(~keep_b | (block == job.group - 1) | (b.left <= BLOCK_SIZE)),
            fresh.eq(Mux(keep_b, (i & (g.b_tiles - 1)) == 0, j == 0)),
        ]
        self._results(m, a, b, fresh, begins, ends, chunk_end, v_last & s_final)
        self._availability(m, i == 0, (j == 0) & read_s)
        return m

    def _places(self, m, i_last, j_last, v_last):
        """Where the tile of S, that of V, and the first of V's tiles are in the matrices.

        A place is the number of rows from there on, and for A the address of D's row, for B the column.
        """
        g, job, keep_b = self.geometry, self._job, self._keep_b
        place = data.StructLayout({"left": DIMENSION_BITS, "at": g.address_bits})
        s, s_group, v, v_whole = (
            Signal(place, name=name, reset_less=True) for name in ("s", "s_group", "v", "v_whole")
        )

        def begin(places, b_side, job):
            return [
                assignment
                for place in places
                for assignment in (
                    place.left.eq(Mux(b_side, job.b.rows, job.a.rows)),
                    place.at.eq(Mux(b_side, 0, job.d_address)),
                )
            ]

        def after(name, place, b_side):
            found = Signal(place.shape(), name=name)
            m.d.comb += [
                found.left.eq(place.left - Mux(b_side, g.b_lanes, g.a_lanes)),
                found.at.eq(place.at + Mux(b_side, g.b_lanes, job.row_step * g.parameters.arrays)),
            ]
            return found

        def go(to, place):
            return [part.eq(place) for part in to]

        next_s, next_v = after("next_s", s, keep_b), after("next_v", v, ~keep_b)
        with m.If(self._take):
            new = self.job.p
            m.d.sync += [*begin((s, s_group), new.keep_b, new), *begin((v, v_whole), ~new.keep_b, new)]
        with m.Elif(self._fire):
            with m.If(~j_last):
                m.d.sync += go([v], next_v)
            with m.Elif(~i_last):
                m.d.sync += [*go([v], v_whole), *go([s], next_s)]
            with m.Elif(~self._chunk.is_last):
                m.d.sync += [*go([v], v_whole), *go([s], s_group)]
            with m.Elif(~v_last):
                m.d.sync += [*go([v, v_whole], next_v), *go([s], s_group)]
            with m.Else():
                m.d.sync += [*begin((v, v_whole), ~keep_b, job), *go([s, s_group], next_s)]
        return s, v, v_whole

    def _slots(self, m, j_last, i_last, return_s, chunk_end, group_end):
        """Slots of V's and of S's tile; they follow each other in the order in which `OperandFetch` reads."""
        g, keep_b = self.geometry, self._keep_b
        most, depth = max(g.slots) << MOST_STRIDE, max(g.depth)
        v, v_first, s, s_first = (
            Signal(slot_layout(slots=most, depth=depth), name=name)
            for name in ("v_slot", "v_slot_first", "s_slot", "s_slot_first")
        )
        stride = self._job.stride
        pitch = Signal(range(g.k_blocks + 1))
        m.d.comb += pitch.eq(Const(g.k_blocks) >> stride)
        a_slots, b_slots = (Const(slots) << stride for slots in g.slots)
        next_v = next_slot(m, "v_slot_next", v, slots=Mux(keep_b, a_slots, b_slots), pitch=pitch)
        next_s = next_slot(m, "s_slot_next", s, slots=Mux(keep_b, b_slots, a_slots), pitch=pitch)
        with m.If(self._fire):
            m.d.sync += v.eq(next_v)
            with m.If(j_last):
                m.d.sync += [v.eq(v_first), s.eq(next_s)]
        with m.If(chunk_end):
            m.d.sync += [v.eq(next_v), v_first.eq(next_v)]
            with m.If(return_s):
                m.d.sync += s.eq(s_first)
        with m.If(group_end):
            m.d.sync += s_first.eq(next_s)
        with m.If(self._take & (self.job.p.keep_b != keep_b)):
            m.d.sync += [v.eq(s), v_first.eq(s), s.eq(v), s_first.eq(v)]
        with m.If(self._take & (self.job.p.stride != stride)):
            m.d.sync += [slot.eq(0) for slot in (v, v_first, s, s_first)]
        return v, s

    def _tile(self, m, s, v, v_slot, s_slot, v_release, s_release):
        """Queue the tile; the places of A's and B's."""
        g, job, keep_b, chunk = self.geometry, self._job, self._keep_b, self._chunk
        layout = tile_layout(g)
        m.submodules.tiles = tiles = fifo.SyncFIFO(width=layout.size, depth=2)
        tile = Signal(layout)
        places = []
        for name, operand, leading, is_s, lanes in (
            ("a", job.a, chunk.a_taken, ~keep_b, g.a_lanes),
            ("b", job.b, chunk.b_taken, keep_b, g.b_lanes),
        ):
            place = Signal(s.shape(), name=f"{name}_place")
            m.d.comb += place.eq(Mux(is_s, s, v))
            part = getattr(tile, name)
            code = operand.format.as_value()
            m.d.comb += [
                part.address.eq(Mux(is_s, s_slot.address, v_slot.address)),
                part.leading.eq(leading),
                part.rest.eq(Mux(code == BlockCode.MXINT8.value, FormatCode.MX9, code)),
                part.lanes.eq(Mux(place.left < lanes, place.left, lanes)),
                part.release.eq(Mux(is_s, s_release, v_release)),
            ]
            places.append(place)
        m.d.comb += [
            tile.blocks.eq(chunk.blocks),
            tiles.w_data.eq(tile),
            tiles.w_en.eq(self._fire),
            self.tile.payload.eq(tiles.r_data),
            self.tile.valid.eq(tiles.r_rdy),
            tiles.r_en.eq(self.tile.ready),
        ]
        self._tiles = tiles
        return places

    def _results(self, m, a, b, fresh, begins, ends, chunk_end, final):
        g, chunk = self.geometry, self._chunk
        layout = results_layout(g)
        m.submodules.commands = commands = fifo.SyncFIFO(width=layout.size, depth=_COMMANDS)
        entry, job_first = Signal(layout), Signal()
        slot = Signal(range(g.partial_slots))
        m.d.comb += [
            entry.row_address.eq(a.at),
            entry.column_block.eq(b.at[BLOCK_SIZE.bit_length() - 1 :]),
            entry.rows.eq(Mux(a.left < g.a_lanes, a.left, g.a_lanes)),
            entry.columns.eq(Mux(b.left < BLOCK_SIZE, b.left, BLOCK_SIZE)),
            entry.first.eq(chunk.is_first),
            entry.last.eq(chunk.is_last),
            entry.slot.eq(slot),
            entry.begins.eq(begins),
            entry.ends.eq(ends),
            entry.job_first.eq(job_first),
            entry.job_last.eq(final & chunk.is_last),
            commands.w_data.eq(entry),
            commands.w_en.eq(self._fire & fresh),
            self.results.payload.eq(commands.r_data),
            self.results.valid.eq(commands.r_rdy),
            commands.r_en.eq(self.results.ready),
        ]
        with m.If(self._fire & fresh):
            m.d.sync += [job_first.eq(0), slot.eq(Mux(slot == g.partial_slots - 1, 0, slot + 1))]
        with m.If(chunk_end & ~(chunk.is_first & chunk.is_last)):
            m.d.sync += slot.eq(0)  # the next chunk's tiles in the same order
        with m.If(self._take):
            m.d.sync += [job_first.eq(1), slot.eq(0)]
        self._commands = commands

    def _availability(self, m, first_of_v, first_of_s):
        """Issue a tile when there is room for it and its operands, if new, are on chip."""
        keep_b = self._keep_b
        ready = []
        for n, (name, first) in enumerate(
            (("a", Mux(keep_b, first_of_v, first_of_s)), ("b", Mux(keep_b, first_of_s, first_of_v)))
        ):
            count = Signal(range((self.geometry.slots[n] << MOST_STRIDE) + 1), name=f"{name}_available")
            m.d.sync += count.eq(count + self.loaded[n] - (self._fire & first))
            ready.append(~first | (count != 0))
        go = Signal()  # holds until the tile is issued, and is right again when the loop has settled
        m.d.sync += go.eq(ready[0] & ready[1] & self._tiles.w_rdy & self._commands.w_rdy)
        m.d.comb += [
            self.starved.eq(self.active & ~(ready[0] & ready[1])),
            self._fire.eq(self.active & self._settled & go),
        ]
