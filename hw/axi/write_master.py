"""Writes of lines to memory: AXI4 bursts with strobes."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.axi.line import FRAGMENT_BYTES, LINE_UNITS, UNIT_BYTES, line_layout
from hw.axi.read_master import bus_error_layout
from hw.axi.signatures import CACHE, PROTECTION, AXI4WriteSignature, Burst, beat_size, check_bus
from hw.stream.queue import Queue

__all__ = ["WriteMaster"]


OUTSTANDING = 64
"""Most write bursts under way."""


class WriteMaster(wiring.Component):
    """Each line as a burst of those beats that hold some of it; no other byte is written.

    Lines are aligned, so no burst crosses a multiple of 4 KiB. All bursts have one ID; at most
    ``outstanding`` wait for their response. Address and data are offered at the same time, and neither
    waits for the other.

    Latency: two cycles from a line to AWVALID and WVALID; throughput one beat per cycle. After
    ``stop`` bursts that have begun are completed, lines are taken and dropped, and ``idle`` says that all
    responses are back, and errors among them reported.

    Parameters
    ----------
    data_bits, address_bits:
        Widths of the bus.
    outstanding:
        Most bursts under way, at least 2.

    Members
    -------
    i: In(stream of ``line_layout``)
    bus: Out(AXI4WriteSignature)
    stop: In(1); idle: Out(1)
    written: Out, bytes of the line whose last beat goes out in this cycle, else 0
    error: Out(stream of ``bus_error_layout``), of bursts that were not answered OKAY, never stalled
    """

    def __init__(self, *, data_bits, address_bits, outstanding=OUTSTANDING):
        check_bus(data_bits=data_bits, address_bits=address_bits)
        if outstanding < 2:
            raise ValueError(f"outstanding must be at least 2, not {outstanding!r}")
        self.data_bits = data_bits
        self.address_bits = address_bits
        self.outstanding = outstanding
        self._beat_bytes = data_bits // 8
        super().__init__(
            {
                "i": In(stream.Signature(line_layout(address_bits))),
                "bus": Out(AXI4WriteSignature(data_bits=data_bits, address_bits=address_bits)),
                "stop": In(1),
                "idle": Out(1),
                "written": Out(range(FRAGMENT_BYTES + 1)),
                "error": Out(stream.Signature(bus_error_layout(address_bits), always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.bursts = bursts = Queue(shape=self.address_bits, depth=self.outstanding)
        held = Signal()  # a line is being sent, or waits for it
        line = Signal(self._held_line_layout(), reset_less=True)
        sent, dropped = self._send(m, held, line, bursts)
        self._take(m, held, line, sent, dropped)
        self._receive(m, bursts.o)
        m.d.comb += self.idle.eq(
            ~held & ~self.bus.awvalid & ~self.bus.wvalid & ~bursts.o.valid & ~self.error.valid
        )
        return m

    def _held_line_layout(self):
        """A line cut into beats: each beat's data and units that are to be written, and the beats to send."""
        beats = FRAGMENT_BYTES // self._beat_bytes
        return data.StructLayout(
            {
                "number": self.address_bits - (FRAGMENT_BYTES.bit_length() - 1),
                "data": data.ArrayLayout(self.data_bits, beats),
                "units": data.ArrayLayout(self._beat_bytes // UNIT_BYTES, beats),
                "bytes": range(FRAGMENT_BYTES + 1),
                "beat": range(max(2, beats)),
                "last_beat": range(max(2, beats)),
            }
        )

    def _send(self, m, held, line, bursts):
        """Send the line that is held; whether its last beat is sent, or it is dropped, in this cycle."""
        bus = self.bus
        low = self._beat_bytes.bit_length() - 1
        beat = line.beat if self._beat_bytes < FRAGMENT_BYTES else Const(0, 0)
        under_way = Signal()  # a burst has begun and goes on
        room = Signal()  # for one burst more than the one that may begin in this cycle
        address = Signal(self.address_bits)
        begins, may_begin, dropped, beat_leaves, line_sent = (
            Signal(name=name) for name in ("begins", "may_begin", "dropped", "beat_leaves", "line_sent")
        )
        m.d.sync += room.eq(bursts.level < self.outstanding - 1)
        m.d.comb += [
            address.eq(Cat(Const(0, low), beat, line.number)),
            begins.eq(~under_way),
            dropped.eq(held & begins & self.stop),
            may_begin.eq((~bus.awvalid | bus.awready) & room & ~self.stop),
            beat_leaves.eq(held & (~bus.wvalid | bus.wready) & (under_way | may_begin)),
            line_sent.eq(beat_leaves & (line.beat == line.last_beat)),
            self.written.eq(Mux(line_sent, line.bytes, 0)),
            bursts.i.valid.eq(beat_leaves & begins),
            bursts.i.p.eq(address),
            bus.awsize.eq(beat_size(self.data_bits)),
            bus.awburst.eq(Burst.INCR),
            bus.awcache.eq(CACHE),
            bus.awprot.eq(PROTECTION),
        ]
        with m.If(bus.awready):
            m.d.sync += bus.awvalid.eq(0)
        with m.If(bus.wready):
            m.d.sync += bus.wvalid.eq(0)
        with m.If(beat_leaves):
            m.d.sync += [
                bus.wvalid.eq(1),
                bus.wlast.eq(line_sent),
                bus.wstrb.eq(Cat(unit.replicate(UNIT_BYTES) for unit in line.units[beat])),
                bus.wdata.eq(line.data[beat]),
                line.beat.eq(beat + 1),
                under_way.eq(~line_sent),
            ]
            with m.If(begins):
                m.d.sync += [
                    bus.awvalid.eq(1),
                    bus.awaddr.eq(address),
                    bus.awlen.eq(line.last_beat - line.beat),
                ]
        return line_sent, dropped

    def _take(self, m, held, line, sent, dropped):
        """Hold the next line as soon as this one leaves."""
        new = self.i.p
        everything = Const(-1, LINE_UNITS)
        units_in_beat = (self._beat_bytes // UNIT_BYTES).bit_length() - 1
        m.d.comb += self.i.ready.eq(~held | sent | dropped)
        with m.If(sent | dropped):
            m.d.sync += held.eq(0)
        with m.If(self.i.valid & self.i.ready & ~self.stop):
            m.d.sync += [
                held.eq(1),
                line.number.eq(new.line),
                line.data.eq(new.data),
                line.units.eq(((everything << new.start) & ~(everything << new.end))[:LINE_UNITS]),
                line.bytes.eq(
                    ((new.end - new.start) * UNIT_BYTES)[: len(line.bytes)]
                ),  # some units, not none
                line.beat.eq(new.start >> units_in_beat),
                line.last_beat.eq(((new.end - 1) >> units_in_beat)[: len(line.last_beat)]),
            ]

    def _receive(self, m, burst):
        """Match responses with bursts, oldest first."""
        bus = self.bus
        answered = Signal()
        m.d.comb += [bus.bready.eq(1), answered.eq(bus.bvalid & bus.bready), burst.ready.eq(answered)]
        m.d.sync += [
            self.error.valid.eq(answered & bus.bresp[1]),
            self.error.p.response.eq(bus.bresp),
            self.error.p.address.eq(burst.p),
        ]
