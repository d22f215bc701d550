"""Lines from block memories to beats of memory."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from hw.axi.line import FRAGMENT_BYTES, LINE_UNITS, UNIT_BYTES, write_beat_layout
from hw.stream.memory_read import MemoryRead

__all__ = ["LineSender", "kept_line_layout"]

_UNIT_BITS = 8 * UNIT_BYTES


def kept_line_layout(*, place_bits, address_bits) -> data.StructLayout:
    """Line ``number`` of memory, which is to be written from unit ``first`` to unit ``last``.

    It lies at ``place``, in lines, and is of the job whose ``turn`` it is.
    """
    return data.StructLayout(
        {
            "turn": 1,
            "place": place_bits,
            "number": address_bits - exact_log2(FRAGMENT_BYTES),
            "first": range(LINE_UNITS),
            "last": range(LINE_UNITS),
        }
    )


class LineSender(wiring.Component):
    """Reads those beats of each line that hold some of it.

    Latency: two cycles from a line to its first beat; throughput one beat per cycle.

    Parameters
    ----------
    units:
        Units of a word of the memories: those of a beat, or a power of two times as many.
    place_bits:
        Width of a line's place.
    data_bits, address_bits:
        Widths of the memory port.

    Members
    -------
    lines: In(stream of ``kept_line_layout``), taken when the last beat is read
    read_enable, read_address, output_enable: Out, as for ``hw.target.block_memory.BlockMemory``
    data: In, a word
    o: Out(stream of ``write_beat_layout``)
    busy: Out(1), lines were taken whose beats were not
    """

    def __init__(self, *, units, place_bits, data_bits, address_bits):
        self.units = units
        self._beat_units = data_bits // _UNIT_BITS
        line = kept_line_layout(place_bits=place_bits, address_bits=address_bits)
        super().__init__(
            {
                "lines": In(stream.Signature(line)),
                "read_enable": Out(1),
                "read_address": Out(place_bits + exact_log2(LINE_UNITS // units)),
                "output_enable": Out(1),
                "data": In(units * _UNIT_BITS),
                "o": Out(stream.Signature(write_beat_layout(data_bits, address_bits))),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        unit_bits = exact_log2(self._beat_units)
        beat_bits = exact_log2(LINE_UNITS // self._beat_units)
        part_bits = exact_log2(self.units // self._beat_units)  # which beat of a word
        line, out = self.lines.p, self.o.p
        first, last, beat, following = (
            Signal(out.more.shape(), name=name) for name in ("first", "last", "beat", "following")
        )
        ends, under_way = Signal(), Signal()
        following_ends = Signal()  # much hangs on it
        read = MemoryRead(m, there=self.lines.valid, valid=self.o.valid, ready=self.o.ready)
        m.d.comb += [
            first.eq(line.first >> unit_bits),
            last.eq(line.last >> unit_bits),
            beat.eq(Mux(under_way, following, first)),
            ends.eq(Mux(under_way, following_ends, first == last)),
            self.lines.ready.eq(read.read_enable & ends),
            self.read_enable.eq(read.read_enable),
            self.read_address.eq(Cat(beat[part_bits:beat_bits], line.place)),
            self.output_enable.eq(read.output_enable),
            self.busy.eq(read.under_way | self.o.valid),
        ]
        with m.If(read.reads):
            m.d.sync += [
                under_way.eq(~ends),
                following.eq(beat + 1),
                following_ends.eq((beat + 1)[: len(last)] == last),
            ]

        # What goes with a beat.
        low, high = (Signal(unit_bits, name=name) for name in ("low", "high"))
        size = (line.last - line.first + 1)[: len(out.bytes) - 1]
        before = Cat(*(low > n for n in range(self._beat_units - 1)), Const(0, 1))
        behind = Cat(high < n for n in range(1, self._beat_units))
        # Not read back from the output: a part of it that depends on another is a loop to Verilator.
        number = read.accompany("number", Cat(beat[:beat_bits], line.number))
        m.d.comb += [
            low.eq(Mux(under_way, 0, line.first[:unit_bits])),
            high.eq(Mux(ends, line.last[:unit_bits], self._beat_units - 1)),
            out.number.eq(number),
            out.turn.eq(read.accompany("turn", line.turn)),
            out.more.eq(read.accompany("more", (last - beat)[: len(out.more)])),
            out.bytes.eq(read.accompany("size", size) << exact_log2(UNIT_BYTES)),
            out.units.eq(read.accompany("units", ~(before | Cat(0, behind)))),
        ]
        beats = data.View(data.ArrayLayout(len(out.data), 1 << part_bits), self.data)
        m.d.comb += out.data.eq(beats[number[:part_bits]] if part_bits else beats[0])
        return m
