"""Fragments of rows to lines of memory."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.axi.line import LINE_UNITS, UNIT_BYTES, line_layout
from hw.gemm.results.result_format import fragment_layout

__all__ = ["RowCollector"]

_UNIT_BITS = 8 * UNIT_BYTES

_STEPS = range((LINE_UNITS - 1).bit_length())
_FIRST_STEPS, _LAST_STEPS = _STEPS[:3], _STEPS[3:]
"""Bits of the distance by which a fragment is turned, in its first cycle and in its second."""


class RowCollector(wiring.Component):
    """Joins the fragments of each row that a run of tiles gives, and cuts them into aligned lines.

    A tile gives a short fragment of every row before its neighbour goes on with the first row. What does
    not fill a line waits, one line per row, for its row's next fragment, or leaves with the run's last one.

    Latency: two cycles from a fragment to its line; throughput one fragment per cycle, two for the last
    fragment of a run that goes into two lines.

    Parameters
    ----------
    rows:
        Most rows of a tile.
    address_bits:
        Width of addresses.

    Members
    -------
    i: In(stream of ``fragment_layout``), those of a row in ascending order without a gap within a run
    o: Out(stream of ``line_layout``)
    idle: Out(1), nothing waits but what goes on with a fragment to come
    """

    def __init__(self, *, rows, address_bits):
        self.rows = rows
        self.address_bits = address_bits
        super().__init__(
            {
                "i": In(stream.Signature(fragment_layout(rows=rows, address_bits=address_bits))),
                "o": Out(stream.Signature(line_layout(address_bits))),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        units = data.ArrayLayout(_UNIT_BITS, LINE_UNITS)
        # The last unit never waits.
        waiting = data.StructLayout(
            {"data": data.ArrayLayout(_UNIT_BITS, LINE_UNITS - 1), "start": range(LINE_UNITS)}
        )
        # Few and wide words, read and written in one cycle.
        m.submodules.lines = lines = Memory(shape=waiting, depth=max(2, self.rows), init=[])
        kept, write = lines.read_port(domain="comb"), lines.write_port()

        # The fragment turned to its place in the line; what wraps around belongs to the next one. In two
        # cycles, for in one it takes twice the look-up tables: synthesis makes it of the widest multiplexers.
        new = Signal(self.i.p.shape(), reset_less=True)
        low, high = UNIT_BYTES.bit_length() - 1, (LINE_UNITS * UNIT_BYTES).bit_length() - 1
        first = new.place.address[low:high]
        begun, held, done = Signal(), Signal(), Signal()
        takes = begun & (~held | done)
        m.d.comb += self.i.ready.eq(~begun | takes)
        with m.If(self.i.ready):
            m.d.sync += begun.eq(self.i.valid)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                new.eq(self.i.p),
                new.data.eq(_turn(self.i.p.data, self.i.p.place.address[low:high], _FIRST_STEPS)),
            ]
        turned = Signal(units, reset_less=True)
        before = Signal(LINE_UNITS - 1, reset_less=True)  # units that belong to earlier fragments
        start = Signal(range(LINE_UNITS), reset_less=True)
        end = Signal(range(2 * LINE_UNITS), reset_less=True)
        line = Signal(self.address_bits - high, reset_less=True)
        row = Signal.like(new.place.row, reset_less=True)
        begins, ends, emits, splits = (
            Signal(name=name, reset_less=True) for name in ("begins", "ends", "emits", "splits")
        )
        reach = Signal.like(end)
        m.d.comb += reach.eq(first + new.bytes[low:])
        with m.If(done):
            m.d.sync += held.eq(0)
        with m.If(takes):
            m.d.sync += [
                held.eq(1),
                turned.eq(_turn(new.data, first, _LAST_STEPS)),
                before.eq(Cat(first > unit for unit in range(LINE_UNITS - 1))),
                start.eq(first),
                end.eq(reach),
                emits.eq(new.place.ends | (reach >= LINE_UNITS)),
                splits.eq(new.place.ends & (reach > LINE_UNITS)),
                line.eq(new.place.address[high:]),
                row.eq(new.place.row),
                begins.eq(new.place.begins),
                ends.eq(new.place.ends),
            ]

        full, second, more = (Signal(name=name) for name in ("full", "second", "more"))
        joined = Signal(units)
        from_unit = Signal.like(start)
        m.d.comb += [
            kept.addr.eq(row),
            *(
                joined[unit].eq(Mux(before[unit] & ~second, kept.data.data[unit], turned[unit]))
                for unit in range(LINE_UNITS - 1)
            ),
            joined[LINE_UNITS - 1].eq(turned[LINE_UNITS - 1]),
            from_unit.eq(Mux(begins, start, kept.data.start)),
            full.eq(end >= LINE_UNITS),
            more.eq(splits & ~second),
            done.eq(held & (~emits | self.o.ready) & ~more),
            self.idle.eq(~begun & ~held),
            self.o.valid.eq(held & emits),
            self.o.p.line.eq(line + second),
            self.o.p.start.eq(Mux(second, 0, from_unit)),
            self.o.p.end.eq(Mux(full & ~second, LINE_UNITS, end[: high - low])),
            self.o.p.data.eq(joined),
            write.addr.eq(row),
            write.en.eq(done & ~ends),
            write.data.start.eq(Mux(full, 0, from_unit)),
            *(
                write.data.data[unit].eq(Mux(full, turned[unit], joined[unit]))
                for unit in range(LINE_UNITS - 1)
            ),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += second.eq(more)
        return m


def _turn(value, distance, steps):
    """``value`` rotated up by those bits of ``distance``, in units, that ``steps`` counts."""
    for n in steps:
        value = Mux(distance[n], value.rotate_left(_UNIT_BITS << n), value)
    return value
