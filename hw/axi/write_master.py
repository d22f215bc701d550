"""Writes of lines to memory: AXI4 bursts with strobes."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.axi.line import FRAGMENT_BYTES, LINE_UNITS, UNIT_BYTES, line_layout
from hw.axi.read_master import bus_error_layout
from hw.axi.signatures import AXI4WriteSignature, Burst, beat_size, check_bus
from hw.stream.queue import Queue

__all__ = ["WriteMaster"]


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

    def __init__(self, *, data_bits, address_bits, outstanding=64):
        check_bus(data_bits=data_bits, address_bits=address_bits)
        if outstanding < 2:
            raise ValueError(f"outstanding must be at least 2, not {outstanding!r}")
        self.data_bits = data_bits
        self.address_bits = address_bits
        self.outstanding = outstanding
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
        bus = self.bus
        size = self.data_bits // 8
        low = size.bit_length() - 1
        beats, units = FRAGMENT_BYTES // size, size // UNIT_BYTES
        in_beat = units.bit_length() - 1
        m.submodules.bursts = bursts = Queue(shape=self.address_bits, depth=self.outstanding)

        held, take = Signal(), Signal()
        room = Signal()  # for one burst more than the one that may begin in this cycle
        m.d.sync += room.eq(bursts.level < self.outstanding - 1)
        everything = Const(-1, LINE_UNITS)
        new = self.i.p
        content = Signal(data.ArrayLayout(self.data_bits, beats), reset_less=True)
        exists = Signal(data.ArrayLayout(units, beats), reset_less=True)
        line = Signal.like(new.line, reset_less=True)
        length = Signal(range(FRAGMENT_BYTES + 1), reset_less=True)
        beat, last_beat = (
            Signal(range(max(2, beats)), name=name, reset_less=True) for name in ("beat", "last_beat")
        )
        number = beat if beats > 1 else Const(0, 0)
        address = Signal(self.address_bits)
        within = Signal()  # a burst has begun and goes on
        starts, go, drop, fire, final = (
            Signal(name=name) for name in ("starts", "go", "drop", "fire", "final")
        )
        m.d.comb += [
            address.eq(Cat(Const(0, low), number, line)),
            starts.eq(~within),
            drop.eq(held & starts & self.stop),
            go.eq((~bus.awvalid | bus.awready) & room & ~self.stop),
            fire.eq(held & (~bus.wvalid | bus.wready) & (within | go)),
            final.eq(fire & (beat == last_beat)),
            self.i.ready.eq(~held | final | drop),
            take.eq(self.i.valid & self.i.ready & ~self.stop),
            self.written.eq(Mux(final, length, 0)),
            bursts.i.valid.eq(fire & starts),
            bursts.i.p.eq(address),
        ]
        with m.If(bus.awready):
            m.d.sync += bus.awvalid.eq(0)
        with m.If(bus.wready):
            m.d.sync += bus.wvalid.eq(0)
        with m.If(fire):
            m.d.sync += [
                bus.wvalid.eq(1),
                bus.wlast.eq(final),
                bus.wstrb.eq(Cat(bit.replicate(UNIT_BYTES) for bit in exists[number])),
                bus.wdata.eq(content[number]),
                beat.eq(number + 1),
                within.eq(~final),
            ]
            with m.If(starts):
                m.d.sync += [
                    bus.awvalid.eq(1),
                    bus.awaddr.eq(address),
                    bus.awlen.eq(last_beat - beat),
                ]
        with m.If(final | drop):
            m.d.sync += held.eq(0)
        with m.If(take):
            m.d.sync += [
                held.eq(1),
                content.eq(new.data),
                exists.eq((everything << new.start) & ~(everything << new.end)),
                line.eq(new.line),
                length.eq((new.end - new.start) * UNIT_BYTES),
                beat.eq(new.start >> in_beat),
                last_beat.eq((new.end - 1) >> in_beat),
            ]
        m.d.comb += [bus.awsize.eq(beat_size(self.data_bits)), bus.awburst.eq(Burst.INCR), bus.bready.eq(1)]

        answered = bus.bvalid & bus.bready
        m.d.comb += [
            bursts.o.ready.eq(answered),
            self.idle.eq(~held & ~bus.awvalid & ~bus.wvalid & ~bursts.o.valid & ~self.error.valid),
        ]
        m.d.sync += [
            self.error.valid.eq(answered & bus.bresp[1]),
            self.error.p.response.eq(bus.bresp),
            self.error.p.address.eq(bursts.o.p),
        ]
        return m
