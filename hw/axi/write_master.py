"""Writes of lines to memory: AXI4 bursts with strobes."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.axi.line import FRAGMENT_BYTES, UNIT_BYTES, write_beat_layout
from hw.axi.line_count import LineCount
from hw.axi.read_master import bus_error_layout
from hw.axi.signatures import CACHE, PROTECTION, AXI4WriteSignature, Burst, beat_size, check_bus
from hw.stream.queue import Queue

__all__ = ["WriteMaster"]


OUTSTANDING = 64
"""Most write bursts under way."""

_ON_THE_WAY = 8
"""More lines than wait in the registers between a path and the master."""


class WriteMaster(wiring.Component):
    """Each line as a burst of those beats that hold some of it; no other byte is written.

    Lines are aligned, so no burst crosses a multiple of 4 KiB. All bursts have one ID; at most
    ``outstanding`` wait for their response. Address and data are offered at the same time, and neither
    waits for the other.

    Latency: one cycle from a beat to AWVALID and WVALID; throughput one beat per cycle. After
    ``stop`` bursts that have begun are completed, other beats are taken and dropped, and ``idle`` says that
    all responses are back, and errors among them reported.

    Parameters
    ----------
    data_bits, address_bits:
        Widths of the bus.
    outstanding:
        Most bursts under way, at least 2.
    turns:
        Turns of jobs, whose lines may mix.

    Members
    -------
    i: In(stream of ``write_beat_layout``), the beats of a line one after the other
    bus: Out(AXI4WriteSignature)
    stop: In(1); idle: Out(1)
    taken: In(turns), the last beat of a line of that turn was taken on its way to ``i`` in this cycle;
        ended: Out(turns), no line of that turn that was taken is not in memory, and all errors among them
        have been reported
    written: Out, bytes of the line whose last beat goes out in this cycle, else 0
    error: Out(stream of ``bus_error_layout``), of bursts that were not answered OKAY, never stalled
    """

    def __init__(self, *, data_bits, address_bits, outstanding=OUTSTANDING, turns=2):
        check_bus(data_bits=data_bits, address_bits=address_bits)
        if outstanding < 2:
            raise ValueError(f"outstanding must be at least 2, not {outstanding!r}")
        self.data_bits = data_bits
        self.address_bits = address_bits
        self.outstanding = outstanding
        self.turns = turns
        super().__init__(
            {
                "i": In(stream.Signature(write_beat_layout(data_bits, address_bits, turns))),
                "bus": Out(AXI4WriteSignature(data_bits=data_bits, address_bits=address_bits)),
                "stop": In(1),
                "idle": Out(1),
                "taken": In(turns),
                "ended": Out(turns),
                "written": Out(range(FRAGMENT_BYTES + 1)),
                "error": Out(stream.Signature(bus_error_layout(address_bits), always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        burst = data.StructLayout({"address": self.address_bits, "turn": range(self.turns)})
        m.submodules.bursts = bursts = Queue(shape=burst, depth=self.outstanding)
        self._send(m, bursts)
        self._receive(m, bursts.o)
        bus = self.bus
        oldest = bursts.o
        m.d.comb += self.idle.eq(~bus.awvalid & ~bus.wvalid & ~oldest.valid & ~self.error.valid)
        m.submodules.lines = lines = LineCount(turns=self.turns, most=self.outstanding + _ON_THE_WAY)
        answered = oldest.valid & oldest.ready
        m.d.comb += [
            lines.taken.eq(self.taken),
            lines.answered.eq(Cat(answered & (oldest.p.turn == turn) for turn in range(self.turns))),
            self.ended.eq(lines.ended),
        ]
        return m

    def _send(self, m, bursts):
        """Each beat, and the address with the first one of a burst; or drop it."""
        bus, beat = self.bus, self.i.p
        under_way = Signal()  # a burst has begun and goes on
        room = Signal()  # for one burst more than the one that may begin in this cycle
        address = Signal(self.address_bits)
        may_begin, dropped, beat_leaves, last = (
            Signal(name=name) for name in ("may_begin", "dropped", "beat_leaves", "last")
        )
        m.d.sync += room.eq(bursts.level < self.outstanding - 1)
        m.d.comb += [
            address.eq(Cat(Const(0, self.address_bits - len(beat.number)), beat.number)),
            last.eq(beat.more == 0),
            dropped.eq(self.stop & ~under_way),
            may_begin.eq((~bus.awvalid | bus.awready) & room & ~self.stop),
            beat_leaves.eq(self.i.valid & (~bus.wvalid | bus.wready) & (under_way | may_begin)),
            self.i.ready.eq(beat_leaves | dropped),
            self.written.eq(Mux(beat_leaves & last, beat.bytes, 0)),
            bursts.i.valid.eq(beat_leaves & ~under_way),
            bursts.i.p.address.eq(address),
            bursts.i.p.turn.eq(beat.turn),
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
                bus.wlast.eq(last),
                bus.wstrb.eq(Cat(unit.replicate(UNIT_BYTES) for unit in beat.units)),
                bus.wdata.eq(beat.data),
                under_way.eq(~last),
            ]
            with m.If(~under_way):
                m.d.sync += [bus.awvalid.eq(1), bus.awaddr.eq(address), bus.awlen.eq(beat.more)]

    def _receive(self, m, burst):
        """Match responses with bursts, oldest first."""
        bus = self.bus
        answered = Signal()
        m.d.comb += [bus.bready.eq(1), answered.eq(bus.bvalid & bus.bready), burst.ready.eq(answered)]
        m.d.sync += [
            self.error.valid.eq(answered & bus.bresp[1]),
            self.error.p.response.eq(bus.bresp),
            self.error.p.address.eq(burst.p.address),
        ]
