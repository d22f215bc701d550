"""Fragments of rows to lines of memory."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2, exact_log2

from hw.axi.line import FRAGMENT_BYTES, LINE_UNITS, UNIT_BYTES, write_beat_layout
from hw.gemm.results.line_sender import LineSender, kept_line_layout
from hw.gemm.results.row_layouts import fragment_layout
from hw.stream.queue import Queue
from hw.target.block_memory import BlockMemory

__all__ = ["RowCollector"]

_UNIT_BITS = 8 * UNIT_BYTES

LINES = 4
"""Lines of each row that are kept: those of all rows fill in the same tile, at the end of a run in two."""


def _of_line_layout(unit_bits, slot_bits):
    """What a fragment is of its line: ``first`` to ``last`` unit, that of the next line if it ``spills``.

    ``full``: nothing of the line is missing behind it. ``slot`` and ``next_slot`` are where the line and the
    next one are kept, of the lines of a row.
    """
    return data.StructLayout(
        {
            "first": unit_bits,
            "last": unit_bits,
            "full": 1,
            "spills": 1,
            "slot": slot_bits,
            "next_slot": slot_bits,
        }
    )


class RowCollector(wiring.Component):
    """Joins the fragments of each row that a run of tiles gives, and cuts them into aligned lines.

    A tile gives a short fragment of every row before its neighbour goes on with the first row. They wait in
    block memories, one for each unit of a word, which is a beat of memory or a fragment, whatever is wider:
    each memory has an address of its own, so that a fragment can begin in one word and end in the next one.
    A line leaves, beat by beat, when it is full or its run ends, and its job's turn has come. There is room
    for four lines of each row: a fragment waits only for a line four before its own.

    Latency: 7 cycles from a fragment to the first beat of its line; throughput one fragment and one beat per
    cycle, a fragment in two cycles if it is the last one of a run and goes into two lines.

    Parameters
    ----------
    rows:
        Most rows of a tile.
    words:
        Most words of a fragment: 4, 8 or 16.
    data_bits, address_bits:
        Widths of the memory port.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    i: In(stream of ``fragment_layout``), those of a row in ascending order without a gap within a run
    o: Out(stream of ``write_beat_layout``), the beats of a line one after the other
    turn: In(1), of the job whose fragments come; changes only while ``placed``
    writing: In(1), turn of the job whose lines may leave, this one or the one before
    placed: Out(1), no fragment is on its way to its line
    idle: Out(1), all lines of turn ``writing`` have left, but for what goes on with a fragment to come
    """

    def __init__(self, *, rows, words, data_bits, address_bits, target="generic"):
        self.rows = rows
        self.data_bits = data_bits
        self.address_bits = address_bits
        self.target = target
        self._fragment = fragment_layout(rows=rows, words=words, address_bits=address_bits)
        self._turned_units = words * 32 // _UNIT_BITS
        self._units = max(data_bits // _UNIT_BITS, self._turned_units)  # of a word
        self._slot_bits = exact_log2(LINES)
        self._row_bits = ceil_log2(max(2, rows))
        super().__init__(
            {
                "i": In(stream.Signature(self._fragment)),
                "o": Out(stream.Signature(write_beat_layout(data_bits, address_bits))),
                "turn": In(1),
                "writing": In(1),
                "placed": Out(1),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        words = (self.rows << self._slot_bits) * LINE_UNITS // self._units
        memories = []
        for n in range(self._units):
            memory = BlockMemory(width=_UNIT_BITS, depth=words, target=self.target)
            m.submodules[f"unit_{n}"] = memory
            memories.append(memory)
        sizes = {"place_bits": self._slot_bits + self._row_bits, "address_bits": self.address_bits}
        m.submodules.sender = sender = LineSender(units=self._units, data_bits=self.data_bits, **sizes)
        m.submodules.lines = lines = Queue(
            shape=kept_line_layout(**sizes), depth=max(4, 4 * self.rows), registered=True
        )
        wiring.connect(m, sender.o, wiring.flipped(self.o))
        # The lines that wait, by their place.
        waiting, queued, sent = (
            Signal(1 << sizes["place_bits"], name=name) for name in ("waiting", "queued", "sent")
        )
        m.d.sync += waiting.eq((waiting | queued) & ~sent)
        placing = self._place(m, memories, lines.i, waiting, queued)
        may_leave, none_left = Signal(), Signal()
        m.d.comb += [
            lines.i.p.turn.eq(self.turn),
            may_leave.eq(lines.o.p.turn == self.writing),
            sender.lines.p.eq(lines.o.p),
            sender.lines.valid.eq(lines.o.valid & may_leave),
            lines.o.ready.eq(sender.lines.ready & may_leave),
            sent.bit_select(lines.o.p.place, 1).eq(lines.o.valid & lines.o.ready),
            sender.data.eq(Cat(memory.data for memory in memories)),
            self.placed.eq(~placing),
            none_left.eq((lines.level == 0) | (lines.o.valid & ~may_leave)),
            self.idle.eq((self.placed | (self.turn != self.writing)) & none_left & ~sender.busy),
        ]
        for memory in memories:
            m.d.comb += [
                memory.read_enable.eq(sender.read_enable),
                memory.read_address.eq(sender.read_address[: len(memory.read_address)]),
                memory.output_enable.eq(sender.output_enable),
            ]
        return m

    def _place(self, m, memories, lines, waiting, queued):
        """Put fragments in their place; whether some are under way.

        A fragment is turned to its place in a word: what wraps around belongs to the next word. In two
        cycles, for in one it takes more look-up tables: synthesis makes it of the widest multiplexers.
        """
        low, high = exact_log2(UNIT_BYTES), exact_log2(FRAGMENT_BYTES)
        steps = range(exact_log2(self._turned_units))
        half = len(steps) - len(steps) // 2
        new = Signal(self._fragment, reset_less=True)
        begun, held, done = Signal(), Signal(), Signal()
        takes = begun & (~held | done)
        m.d.comb += self.i.ready.eq(~begun | takes)
        with m.If(self.i.ready):
            m.d.sync += begun.eq(self.i.valid)
        with m.If(self.i.valid & self.i.ready):
            given = self.i.p
            m.d.sync += [
                new.eq(given),
                new.data.eq(_turn(given.data, given.place.address[low:], steps[:half])),
            ]

        word_bits = exact_log2(self._units)
        address = new.place.address[low:]
        offset, start = address[:word_bits], address[: high - low]
        units = new.bytes[low:]
        end, reach = offset + units, start + units
        before = Cat(*(offset > n for n in range(self._units - 1)), Const(0, 1))
        turned = Signal(len(new.data), reset_less=True)
        wraps, enable = (Signal(self._units, name=name, reset_less=True) for name in ("wraps", "enable"))
        word = Signal(exact_log2(LINE_UNITS // self._units) + self._slot_bits, reset_less=True)
        of_line = Signal(_of_line_layout(len(start), self._slot_bits), reset_less=True)
        place = Signal.like(new.place, reset_less=True)
        # Lines of a row take its slots in turn, from run to run: a row's next run need not wait for the last.
        slots = Signal(data.ArrayLayout(self._slot_bits, self.rows))
        slot, full, spills = Signal(self._slot_bits), Signal(), Signal()
        m.d.comb += [
            slot.eq(slots[new.place.row]),
            full.eq(reach >= LINE_UNITS),
            spills.eq(reach > LINE_UNITS),
        ]
        with m.If(done):
            m.d.sync += held.eq(0)
        with m.If(takes):
            m.d.sync += [
                held.eq(1),
                turned.eq(_turn(new.data, address, steps[half:])),
                wraps.eq(before),
                enable.eq(Cat(end > Mux(before[n], n + self._units, n) for n in range(self._units))),
                word.eq(Cat(address[word_bits : high - low], slot)),
                slots[new.place.row].eq(slot + full + (new.place.ends & (spills | ~full))),
                of_line.first.eq(start),
                of_line.last.eq((reach - 1)[: len(start)]),
                of_line.full.eq(full),
                of_line.spills.eq(spills),
                of_line.slot.eq(slot),
                of_line.next_slot.eq((slot + 1)[: self._slot_bits]),
                place.eq(new.place),
            ]
        free = self._find_room(m, takes, new.place.row, slot, spills, place, of_line, waiting)
        writes = self._queue_lines(m, lines, held, free, place, of_line, done, queued)
        pieces = data.View(data.ArrayLayout(_UNIT_BITS, self._turned_units), turned)
        row = place.row[: ceil_log2(self.rows)]
        next_word = (word + 1)[: len(word)]
        for n, memory in enumerate(memories):
            m.d.comb += [
                memory.write_enable.eq(writes & enable[n]),
                memory.write_address.eq(Cat(Mux(wraps[n], next_word, word), row)),
                memory.write_data.eq(pieces[n % self._turned_units]),
            ]
        return begun | held

    def _find_room(self, m, takes, new_row, slot, spills, place, of_line, waiting):
        """Whether no line waits where the fragment goes that is held; a cycle late when it has left."""

        def waits(slot, row):
            return waiting.bit_select(Cat(slot, row[: self._row_bits]), 1)

        blocked = Signal(2)  # its line, the next line
        next_slot = (slot + 1)[: self._slot_bits]
        with m.If(takes):
            m.d.sync += blocked.eq(Cat(waits(slot, new_row), spills & waits(next_slot, new_row)))
        with m.Else():
            still = Cat(waits(of_line.slot, place.row), waits(of_line.next_slot, place.row))
            m.d.sync += blocked.eq(blocked & still)
        return blocked == 0

    def _queue_lines(self, m, to, held, free, place, of_line, done, queued):
        """Queue the lines that the held fragment fills or ends; whether it may be written."""
        # Where the line of each row begins.
        m.submodules.starts = starts = Memory(shape=of_line.first.shape(), depth=max(2, self.rows), init=[])
        kept, write = starts.read_port(domain="comb"), starts.write_port()
        number = place.address[exact_log2(FRAGMENT_BYTES) :]
        from_unit = Signal.like(of_line.first)
        emits, splits, second = (Signal(name=name) for name in ("emits", "splits", "second"))
        row = place.row[: self._row_bits]
        this, following = Cat(of_line.slot, row), Cat(of_line.next_slot, row)
        m.d.comb += [
            emits.eq(place.ends | of_line.full),
            splits.eq(place.ends & of_line.spills & ~second),
            kept.addr.eq(place.row),
            from_unit.eq(Mux(place.begins, of_line.first, kept.data)),
            to.valid.eq(held & emits & (free | second)),
            to.p.place.eq(Mux(second, following, this)),
            to.p.number.eq(number + second),
            to.p.first.eq(Mux(second, 0, from_unit)),
            to.p.last.eq(Mux(of_line.full & ~second, LINE_UNITS - 1, of_line.last)),
            done.eq(held & (free | second) & (~emits | to.ready) & ~splits),
            write.addr.eq(place.row),
            write.en.eq(done & ~place.ends),
            write.data.eq(Mux(of_line.full, 0, from_unit)),
        ]
        with m.If(to.valid & to.ready):
            m.d.comb += queued.bit_select(to.p.place, 1).eq(1)
            m.d.sync += second.eq(splits)
        return held & free & ~second


def _turn(value, distance, steps):
    """``value`` rotated up by those bits of ``distance``, in units, that ``steps`` counts."""
    for n in steps:
        value = Mux(distance[n], value.rotate_left(_UNIT_BITS << n), value)
    return value
