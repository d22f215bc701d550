"""Sums of a tile's chunks and addends."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from golden.formats import BLOCK_SIZE
from hw.block.binary32 import BINARY32_BITS
from hw.gemm.results.float_adder import FloatAdder
from hw.gemm.results.part_slices import join_slices
from hw.stream.memory_read import MemoryRead
from hw.target.block_memory import BlockMemory

__all__ = ["LANES", "Accumulation", "fewest_lanes", "summed_tile_layout"]

LANES = (1, 2, 4, 8, 16)
"""Sums per cycle that an adder may make."""

_PARTS_IN_ADDER = 64
"""More parts of rows than the adder holds."""


def fewest_lanes(*, rows, cols, k_blocks, overhead=2 * FloatAdder.latency):
    """The fewest sums per cycle with which tiles of ``k_blocks`` passes never wait for one more step.

    A step has an ``overhead`` of so many cycles: here the adder fills and empties. 4, a compromise with area,
    where no number is enough.
    """
    time = k_blocks * BLOCK_SIZE // cols
    return next((lanes for lanes in LANES if rows * BLOCK_SIZE // lanes + overhead <= time), 4)


def summed_tile_layout(*, rows, slots) -> data.StructLayout:
    """One chunk of a tile, as in ``tile_command_layout``; nothing is added to a ``plain`` one.

    ``last_row`` is the number of its last row.
    """
    return data.StructLayout(
        {"last_row": range(max(2, rows)), "first": 1, "last": 1, "plain": 1, "slot": range(max(2, slots))}
    )


@dataclass(frozen=True)
class _Step:
    """What a tile's step does.

    Parameters
    ----------
    goes:
        It goes on.
    first, last:
        It is the tile's first or last one: adds to the results, takes the next tile.
    leaves:
        Its sums leave, and are not kept.
    reads:
        It needs the memory, for the sums of steps before or, if ``takes_sum``, of chunks before.
    takes_addend:
        It takes the bias or old D.
    """

    goes: Signal
    first: Signal
    last: Signal
    leaves: Signal
    reads: Signal
    takes_sum: Value
    takes_addend: Signal


class Accumulation(wiring.Component):
    """Rows of D from rows of results: plus earlier chunks' sum, plus the bias, plus old D.

    Rows come and go in parts of ``words`` columns. One addend after the other, in this order: all rows take
    one step before the next begins. What waits for the next chunk or step waits in a block memory of
    ``slots`` tiles. A chunk without any addend bypasses the adder, at one part per cycle. Any other step
    takes ``rows * 16 / lanes`` cycles and two more, and one that reads the memory also waits until the adder
    is empty, and two cycles for the memory.

    Parameters
    ----------
    rows:
        Most rows of a tile.
    slots:
        Tiles whose sums may wait.
    words:
        Columns of a part.
    lanes:
        Sums per cycle: 1, 2, 4, 8 or 16, at most ``words``.
    addends:
        Whether it adds bias and old D, or chunks alone.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    bias, accumulate: In(1), of the job, with ``addends``
    tile: In(stream of ``summed_tile_layout``), taken after its last row
    results: In(stream of ``words`` binary32), all parts of all rows of each tile
    addends: In(stream of ``words`` binary32), with ``addends``, for each last chunk: the bias row for each
        row, then old rows, those that the job asks for
    o: Out(stream of ``words`` binary32), parts of the rows of last chunks
    """

    def __init__(self, *, rows, slots, words, lanes, addends=True, target="generic"):
        if lanes not in LANES or lanes > words:
            raise ValueError(f"lanes must be one of {LANES}, at most words={words}, not {lanes!r}")
        self.rows = rows
        self.slots = slots
        self.words = words
        self.lanes = lanes
        self.takes_addends = addends
        self.target = target
        self._slices = words // lanes
        tile = summed_tile_layout(rows=rows, slots=slots)
        # A part of a row of a tile.
        self._place = data.StructLayout(
            {
                "part": exact_log2(BLOCK_SIZE // words),
                "row": range(max(2, rows)),
                "slot": tile["slot"].shape,
            }
        )
        part = stream.Signature(data.ArrayLayout(BINARY32_BITS, words))
        super().__init__(
            {
                "tile": In(stream.Signature(tile)),
                "results": In(part),
                "o": Out(part),
                **({"bias": In(1), "accumulate": In(1), "addends": In(part)} if addends else {}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        tag = data.StructLayout({"place": self._place, "leaves": 1})
        m.submodules.adder = adder = FloatAdder(lanes=self.lanes, user=tag)
        m.submodules.sums = sums = BlockMemory(
            width=BINARY32_BITS * self.words, depth=1 << self._place.size, target=self.target
        )
        tile = self.tile.p
        part_done, sum_done, step_done, emitted = (
            Signal(name=name) for name in ("part_done", "sum_done", "step_done", "emitted")
        )
        in_adder = Signal(range(_PARTS_IN_ADDER))
        adder_empty = Signal(init=1)  # a cycle late
        m.d.sync += [
            in_adder.eq(in_adder + sum_done - emitted),
            adder_empty.eq((in_adder == 0) & ~sum_done),
        ]

        step = self._steps(m, step_done, adder_empty)
        bypass, stored, operands = Signal(), Signal(), Signal()
        at = Signal(self._place)
        self._count(m, "at", at, part_done, step_done)
        kept_valid = self._read_sums(m, sums, step.goes & step.reads, sum_done & step.reads, step_done)
        m.d.comb += [
            at.slot.eq(tile.slot),
            bypass.eq(
                self.tile.valid
                & tile.plain
                & self.results.valid
                & Mux(tile.last, self.o.ready & adder_empty, ~stored)
            ),
            operands.eq(
                step.goes
                & (~step.first | self.results.valid)
                & (~step.reads | kept_valid)
                & (~step.takes_addend | self.addends.valid if self.takes_addends else 1)
            ),
            part_done.eq(bypass | sum_done),
            self.results.ready.eq(bypass | (sum_done & step.first)),
            self.tile.ready.eq(step_done & (tile.plain | step.last)),
            adder.i.p.user.place.eq(at),
            adder.i.p.user.leaves.eq(step.leaves),
        ]
        if self.takes_addends:
            m.d.comb += self.addends.ready.eq(sum_done & step.takes_addend)
        self._add(m, adder.i, sums.data, step, operands, sum_done)

        # Out of the adder; a part's last slice is not kept.
        whole = join_slices(m, adder.o, lanes=self.lanes, number=self._slices)
        complete = adder.o.valid & adder.o.p.last
        m.d.comb += [
            stored.eq(complete & ~adder.o.p.user.leaves),
            adder.o.ready.eq(~adder.o.p.last | ~adder.o.p.user.leaves | self.o.ready),
            emitted.eq(complete & adder.o.ready),
            sums.write_enable.eq(stored | (bypass & ~tile.last)),
            sums.write_address.eq(Mux(stored, adder.o.p.user.place.as_value(), at.as_value())),
            sums.write_data.eq(Mux(stored, whole, self.results.p.as_value())),
            self.o.p.as_value().eq(Mux(adder_empty, self.results.p.as_value(), whole)),
            self.o.valid.eq(
                Mux(
                    adder_empty,
                    self.tile.valid & tile.plain & tile.last & self.results.valid,
                    complete & adder.o.p.user.leaves,
                )
            ),
        ]
        return m

    def _steps(self, m, step_done, adder_empty):
        """The step of the tile: of what is wanted (memory, bias, old D) the first one that is left."""
        tile = self.tile.p
        addends = (self.bias, self.accumulate) if self.takes_addends else ()
        first, decoded = Signal(name="first_step", init=1), Signal(name="decoded")
        goes, last, leaves, takes_addend, reads = (
            Signal(name=name) for name in ("goes", "last_step", "leaves", "takes_addend", "reads")
        )
        wanted, added, left, take = (
            Signal(1 + len(addends), name=name) for name in ("wanted", "added", "left", "take")
        )
        lowest, alone = left & (~left + 1), (left & (left - 1)) == 0
        m.d.comb += [
            wanted.eq(Cat(~tile.first, (tile.last & addend for addend in addends))),
            left.eq(wanted & ~added),
        ]
        # It takes a cycle to be read off, for too much hangs on it: then it may go. One that reads the memory
        # goes a cycle after the adder is empty.
        m.d.sync += [
            decoded.eq(self.tile.valid & ~tile.plain & ~step_done),
            take.eq(lowest),
            takes_addend.eq(lowest[1:].any()),
            reads.eq(~first | lowest[0]),
            last.eq(alone),
            leaves.eq(alone & tile.last),
            goes.eq(decoded & ~step_done & (goes | ~reads | adder_empty)),
        ]
        with m.If(step_done & ~tile.plain):
            m.d.sync += [first.eq(last), added.eq(Mux(last, 0, added | take))]
        return _Step(goes, first, last, leaves, reads, take[0], takes_addend)

    def _count(self, m, name, place, done, end):
        """Count the parts of a tile in ``place`` as they are ``done``, from ``end`` on anew.

        ``end`` is set with the last one of all.
        """
        row_done, last_row = Signal(name=f"{name}_row_done"), Signal(name=f"{name}_last_row")
        m.d.comb += [
            row_done.eq(place.part == (1 << len(place.part)) - 1),
            last_row.eq(place.row == self.tile.p.last_row),
            end.eq(done & (row_done & last_row)),
        ]
        part, row = (Signal.like(place[field], name=f"{name}_{field}") for field in ("part", "row"))
        m.d.comb += [place.part.eq(part), place.row.eq(row)]
        with m.If(done):
            m.d.sync += part.eq((part + 1)[: len(part)])
            with m.If(row_done):
                m.d.sync += row.eq(Mux(last_row, 0, row + 1))

    def _read_sums(self, m, sums, go, taken, step_done):
        """Read a tile's sums ahead through both stages of the memory; whether one is there."""
        valid, all_read, final = (Signal(name=name) for name in ("kept_valid", "all_read", "final_read"))
        place = Signal(self._place)
        read = MemoryRead(m, there=go & ~all_read, valid=valid, ready=taken)
        read.connect([sums], place)
        self._count(m, "ahead", place, read.reads, final)
        m.d.comb += place.slot.eq(self.tile.p.slot)
        with m.If(step_done):
            m.d.sync += all_read.eq(0)
        with m.Elif(final):
            m.d.sync += all_read.eq(1)
        return valid

    def _add(self, m, adder, kept, step, there, done):
        """Give the adder a part slice by slice, when it is ``there``; ``done`` with the last one.

        Operands are chosen among slices, which are fewer bits than parts.
        """
        number = Signal(range(max(2, self._slices)))
        last = Signal(init=self._slices == 1)  # much hangs on it

        def slice_of(values):
            return data.View(data.ArrayLayout(BINARY32_BITS * self.lanes, self._slices), values)[number]

        kept = slice_of(kept)
        added = kept
        if self.takes_addends:
            added = Mux(step.takes_sum, kept, slice_of(self.addends.p.as_value()))
        m.d.comb += [
            adder.p.data.x.eq(Mux(step.first, slice_of(self.results.p.as_value()), kept)),
            adder.p.data.y.eq(added),
            adder.p.last.eq(last),
            adder.valid.eq(there),
            # What was there for the first slice of several stays for the last one.
            done.eq(adder.ready & (adder.p.last if self._slices > 1 else there)),
        ]
        with m.If(adder.valid & adder.ready):
            m.d.sync += number.eq(Mux(last, 0, number + 1))
            if self._slices > 1:
                m.d.sync += last.eq(number == self._slices - 2)
