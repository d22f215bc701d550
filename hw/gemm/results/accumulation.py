"""Sums of a tile's chunks and addends."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.formats import BLOCK_SIZE
from hw.block.layouts import float_block_layout
from hw.gemm.results.float_adder import FloatAdder
from hw.gemm.results.row_parts import result_row_layout
from hw.gemm.results.tile_address import placed_tile_layout
from hw.stream.queue import Queue

__all__ = ["LANES", "Accumulation", "fewest_lanes"]

LANES = (1, 2, 4, 8, 16)
"""Sums per cycle that an adder may make."""

_ROWS_LEAVING = 32
"""Rows in the adder that leave; each has a place to go to. The adder holds fewer, of 16 sums each."""

_ROWS_IN_ADDER = 64
"""More rows than the adder holds."""


def fewest_lanes(*, rows, cols, k_blocks):
    """The fewest sums per cycle with which tiles of ``k_blocks`` passes never wait for their addition.

    4, a compromise with area, where no number is enough.
    """
    time = k_blocks * BLOCK_SIZE // cols
    fixed = 2 * FloatAdder.latency  # the adder fills and empties
    return next((lanes for lanes in LANES if rows * BLOCK_SIZE // lanes + fixed <= time), 4)


class Accumulation(wiring.Component):
    """Rows of D from rows of results: plus the sum of earlier chunks, plus the bias, plus old D.

    One addend after the other, in this order: all rows take one step before the next begins. What waits
    for the next chunk or step waits in a memory of ``slots`` tiles. A chunk without any addend bypasses the
    adder, at one row per cycle. Any other step takes ``rows * 16 / lanes`` cycles and two more, and one
    that reads the memory also waits until the adder is empty.

    Parameters
    ----------
    rows:
        Most rows of a tile.
    slots:
        Tiles whose sums may wait.
    lanes:
        Sums per cycle: 1, 2, 4, 8 or 16.
    address_bits:
        Width of addresses.

    Members
    -------
    bias, accumulate: In(1), pitch: In(32), of the job
    tile: In(stream of ``placed_tile_layout``), taken after its last row
    results: In(stream of ``float_block_layout``), ``rows`` of them for each tile
    addends: In(stream of ``float_block_layout``), for each last chunk: the bias row and old rows, those
        that the job asks for
    o: Out(stream of ``result_row_layout``), rows of last chunks
    leaving: Out(1), for one cycle: a row is on its way to ``o``
    """

    def __init__(self, *, rows, slots, lanes, address_bits):
        if lanes not in LANES:
            raise ValueError(f"lanes must be one of {LANES}, not {lanes!r}")
        self.rows = rows
        self.slots = slots
        self.lanes = lanes
        self.address_bits = address_bits
        self._slices = BLOCK_SIZE // lanes
        self._row = result_row_layout(rows=rows, address_bits=address_bits)
        block = float_block_layout()
        tile = placed_tile_layout(rows=rows, slots=slots, address_bits=address_bits)
        self._place = data.StructLayout({"row": range(max(2, rows)), "slot": tile["slot"].shape})
        super().__init__(
            {
                "bias": In(1),
                "accumulate": In(1),
                "pitch": In(32),
                "tile": In(stream.Signature(tile)),
                "results": In(stream.Signature(block)),
                "addends": In(stream.Signature(block)),
                "o": Out(stream.Signature(self._row)),
                "leaving": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.sums = sums = Memory(
            shape=float_block_layout().size, depth=1 << self._place.size, init=[]
        )
        read, write = sums.read_port(transparent_for=()), sums.write_port()
        tag = data.StructLayout({"place": self._place, "leaves": 1})
        m.submodules.adder = adder = FloatAdder(lanes=self.lanes, user=tag)
        # Where the rows go that are in the adder and leave.
        target = data.StructLayout({name: self._row[name].shape for name in ("columns", "place", "code")})
        m.submodules.targets = targets = Queue(shape=target, depth=_ROWS_LEAVING, registered=True)
        in_adder = Signal(range(_ROWS_IN_ADDER))
        adder_empty = Signal(init=1)  # a cycle late

        # Steps: the addends that are left of those wanted (memory, bias, old D), and the one to take.
        tile = self.tile.p
        wanted, added, left = (Signal(3, name=name) for name in ("wanted", "added", "left"))
        plain = tile.plain  # a chunk without any
        m.d.comb += [
            wanted.eq(Cat(~tile.first, tile.last & self.bias, tile.last & self.accumulate)),
            left.eq(wanted & ~added),
        ]
        # A step takes a cycle to be read off, for too much hangs on it: then it may go. One that reads the
        # memory goes a cycle after the adder is empty and row 0 is addressed.
        first_step = Signal(init=1)
        decoded, goes, last_step, leaves, room = (
            Signal(name=name) for name in ("decoded", "goes", "last_step", "leaves", "room")
        )
        take = Signal(3)
        take_sum, take_bias, take_old = take
        takes_addend, reads = Signal(), Signal()
        row_done, step_done, sum_done = (Signal(name=name) for name in ("row_done", "step_done", "sum_done"))
        lowest, alone = left & (~left + 1), (left & (left - 1)) == 0
        m.d.sync += [
            decoded.eq(self.tile.valid & ~plain & ~step_done),
            take.eq(lowest),
            takes_addend.eq(lowest[1:].any()),
            last_step.eq(alone),
            leaves.eq(alone & tile.last),
            goes.eq(decoded & ~step_done & (goes | ~reads | adder_empty)),
            room.eq(targets.level < targets.depth - 1),
            adder_empty.eq((in_adder == 0) & ~sum_done),
        ]

        row, next_row = Signal(range(max(2, self.rows))), Signal(range(max(2, self.rows)), init=1)
        part = Signal(range(max(2, self._slices)))
        last_part = Signal(init=self._slices == 1)
        m.d.comb += read.addr.eq(Cat(Mux(row_done, next_row, row), tile.slot))

        bypass, have = Signal(), Signal()
        stored = Signal()
        m.d.comb += [
            bypass.eq(
                self.tile.valid
                & plain
                & self.results.valid
                & Mux(tile.last, self.o.ready & adder_empty, ~stored)
            ),
            reads.eq(~first_step | take_sum),
            have.eq(goes & (~first_step | self.results.valid) & (~takes_addend | self.addends.valid)),
            sum_done.eq(adder.i.valid & adder.i.ready & last_part),
            row_done.eq(bypass | sum_done),
            step_done.eq(row_done & (row + 1 == tile.rows)),
            self.results.ready.eq(bypass | (sum_done & first_step)),
            self.addends.ready.eq(sum_done & (take_old | (take_bias & step_done))),
            self.tile.ready.eq(step_done & (plain | last_step)),
            self.leaving.eq((bypass & tile.last) | (sum_done & leaves)),
        ]
        with m.If(step_done):
            m.d.sync += [row.eq(0), next_row.eq(1)]
        with m.Elif(row_done):
            m.d.sync += [row.eq(next_row), next_row.eq(next_row + 1)]
        with m.If(step_done & ~plain):
            m.d.sync += [first_step.eq(last_step), added.eq(Mux(last_step, 0, added | take))]

        # Into the adder, slice by slice; chosen among slices, which are fewer bits than rows.
        slices = data.ArrayLayout(32 * self.lanes, self._slices)
        result, kept, addend = (
            data.View(slices, values)[part]
            for values in (self.results.p.as_value(), read.data, self.addends.p.as_value())
        )
        m.d.comb += [
            adder.i.valid.eq(have & (~leaves | room)),
            adder.i.p.data.x.eq(Mux(first_step, result, kept)),
            adder.i.p.data.y.eq(Mux(take_sum, kept, addend)),
            adder.i.p.last.eq(last_part),
            adder.i.p.user.place.row.eq(row),
            adder.i.p.user.place.slot.eq(tile.slot),
            adder.i.p.user.leaves.eq(leaves),
        ]
        with m.If(adder.i.valid & adder.i.ready):
            m.d.sync += [
                part.eq(Mux(last_part, 0, part + 1)),
                last_part.eq(part == (self._slices - 2) % self._slices),
            ]

        # Out of it; the row's last slice is not kept.
        sum_row, emitted = self._join(m, adder.o)
        complete = adder.o.valid & adder.o.p.last
        m.d.comb += [
            stored.eq(complete & ~adder.o.p.user.leaves),
            adder.o.ready.eq(~adder.o.p.last | ~adder.o.p.user.leaves | self.o.ready),
            emitted.eq(complete & adder.o.ready),
            write.en.eq(stored | (bypass & ~tile.last)),
            write.addr.eq(Mux(stored, adder.o.p.user.place.as_value(), Cat(row, tile.slot))),
            write.data.eq(Mux(stored, sum_row, self.results.p.as_value())),
        ]
        m.d.sync += in_adder.eq(in_adder + sum_done - emitted)

        address = Signal(self.address_bits)
        next_address = Signal(self.address_bits, reset_less=True)
        entry, head = Signal(target), targets.o.p
        m.d.comb += [
            address.eq(Mux(row == 0, tile.address, next_address)),
            entry.columns.eq(tile.columns),
            entry.place.address.eq(address),
            entry.place.row.eq(row),
            entry.place.begins.eq(tile.begins),
            entry.place.ends.eq(tile.ends),
            entry.code.eq(tile.code),
            targets.i.valid.eq(sum_done & leaves),
            targets.i.p.eq(entry),
            targets.o.ready.eq(emitted & adder.o.p.user.leaves),
        ]
        with m.If(row_done):
            m.d.sync += next_address.eq((address + self.pitch)[: len(next_address)])
        with m.If(adder_empty):
            m.d.comb += [
                self.o.valid.eq(self.tile.valid & plain & tile.last & self.results.valid),
                self.o.p.values.as_value().eq(self.results.p.as_value()),
                *(getattr(self.o.p, name).eq(getattr(entry, name)) for name in target.members),
            ]
        with m.Else():
            m.d.comb += [
                self.o.valid.eq(complete & adder.o.p.user.leaves),
                self.o.p.values.as_value().eq(sum_row),
                *(getattr(self.o.p, name).eq(getattr(head, name)) for name in target.members),
            ]
        return m

    def _join(self, m, sums):
        """A row from slices, whole with its last one, and a signal to say that it was taken."""
        kept = []
        slice_in = Signal(range(max(2, self._slices)))
        with m.If(sums.valid & sums.ready):
            m.d.sync += slice_in.eq(Mux(sums.p.last, 0, slice_in + 1))
        for n in range(self._slices - 1):
            part = Signal(32 * self.lanes, name=f"slice_{n}", reset_less=True)
            with m.If(slice_in == n):
                m.d.sync += part.eq(sums.p.data)
            kept.append(part)
        return Cat(*kept, sums.p.data), Signal(name="emitted")
