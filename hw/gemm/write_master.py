"""Writes of fragments to memory: AXI4 bursts with strobes."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.axi import PAGE_BYTES, AXI4WriteSignature, Burst, beat_size, check_bus
from hw.gemm.read_master import bus_error_layout
from hw.gemm.result_layouts import FRAGMENT_BYTES, fragment_layout

__all__ = ["WriteMaster"]

_UNIT = 2
"""Addresses and lengths of fragments are multiples of this many bytes."""


class WriteMaster(wiring.Component):
    """Each fragment as a burst, or as two where it crosses a multiple of 4 KiB. No other byte is written.

    All bursts have one ID; at most ``outstanding`` wait for their response. Address and data are offered
    at the same time, and neither waits for the other.

    Latency: two cycles from a fragment to AWVALID and WVALID; throughput one beat per cycle. After
    ``stop`` bursts that have begun are completed, fragments are taken and dropped, and ``idle`` says that all
    responses are back, and errors among them reported.

    Parameters
    ----------
    data_bits, address_bits:
        Widths of the bus.
    outstanding:
        Most bursts under way.

    Members
    -------
    i: In(stream of ``fragment_layout``)
    bus: Out(AXI4WriteSignature)
    stop: In(1); idle: Out(1)
    written: Out, bytes of the fragment whose last beat goes out in this cycle, else 0
    error: Out(``bus_error_layout``), of a burst that was not answered OKAY; error_valid: Out(1), for
        one cycle
    """

    def __init__(self, *, data_bits, address_bits, outstanding=32):
        check_bus(data_bits=data_bits, address_bits=address_bits)
        self.data_bits = data_bits
        self.address_bits = address_bits
        self.outstanding = outstanding
        super().__init__({
            "i": In(stream.Signature(fragment_layout(address_bits))),
            "bus": Out(AXI4WriteSignature(data_bits=data_bits, address_bits=address_bits)),
            "stop": In(1),
            "idle": Out(1),
            "written": Out(range(FRAGMENT_BYTES + 1)),
            "error": Out(bus_error_layout(address_bits)),
            "error_valid": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        bus = self.bus
        size = self.data_bits // 8
        chunks = FRAGMENT_BYTES // size
        low = size.bit_length() - 1
        in_page = PAGE_BYTES // size
        m.submodules.bursts = bursts = fifo.SyncFIFO(width=self.address_bits, depth=self.outstanding)

        # The fragment, each beat's worth of it turned to its lanes; what wraps around is for the next beat.
        held, take = Signal(), Signal()
        new, offset = self.i.p, self.i.p.address[:low]
        beat_address = Signal(self.address_bits - low, reset_less=True)
        turned = Signal(data.ArrayLayout(self.data_bits, chunks), reset_less=True)
        wraps = Signal(size // _UNIT, reset_less=True)
        exists = Signal((FRAGMENT_BYTES + size) // _UNIT, reset_less=True)
        left = Signal(range(chunks + 2), reset_less=True)
        length = Signal(range(FRAGMENT_BYTES + 1), reset_less=True)
        end = Signal(range(size + FRAGMENT_BYTES))
        m.d.comb += end.eq(offset + new.bytes)
        # One beat at a time, beginning with the lowest; the rest moves down.
        within = Signal()  # a burst has begun and goes on
        before = Signal(self.data_bits, reset_less=True)
        room = Signal(range(in_page + 1))
        count = Signal(range(chunks + 2))
        m.d.comb += [
            room.eq(in_page - beat_address[:in_page.bit_length() - 1]),
            count.eq(Mux(left < room, left, room)),
        ]
        starts, go, drop, fire, final = (
            Signal(name=name) for name in ("starts", "go", "drop", "fire", "final"))
        burst_left = Signal(range(chunks + 2))
        beats = Mux(starts, count, burst_left)
        m.d.comb += [
            starts.eq(~within),
            drop.eq(held & starts & self.stop),
            go.eq((~bus.awvalid | bus.awready) & bursts.w_rdy & ~self.stop),
            fire.eq(held & (~bus.wvalid | bus.wready) & (within | go)),
            final.eq(fire & (left == 1)),
            self.i.ready.eq(~held | final | drop),
            take.eq(self.i.valid & self.i.ready & ~self.stop),
            self.written.eq(Mux(final, length, 0)),
            bursts.w_en.eq(fire & starts),
            bursts.w_data.eq(beat_address << low),
        ]
        lanes = data.ArrayLayout(8 * _UNIT, size // _UNIT)
        now = data.View(lanes, turned[0])
        past = data.View(lanes, before)
        with m.If(bus.awready):
            m.d.sync += bus.awvalid.eq(0)
        with m.If(bus.wready):
            m.d.sync += bus.wvalid.eq(0)
        with m.If(fire):
            m.d.sync += [
                bus.wvalid.eq(1),
                bus.wlast.eq(beats == 1),
                bus.wstrb.eq(Cat(exists[unit].replicate(_UNIT) for unit in range(size // _UNIT))),
                bus.wdata.eq(Cat(Mux(wraps[unit], past[unit], now[unit]) for unit in range(size // _UNIT))),
                before.eq(turned[0]),
                exists.eq(exists[size // _UNIT:]),
                left.eq(left - 1),
                beat_address.eq(beat_address + 1),
                burst_left.eq(beats - 1),
                within.eq(beats != 1),
            ]
            m.d.sync += [turned[n].eq(turned[n + 1]) for n in range(chunks - 1)]
            with m.If(starts):
                m.d.sync += [
                    bus.awvalid.eq(1),
                    bus.awaddr.eq(beat_address << low),
                    bus.awlen.eq(count - 1),
                ]
        with m.If(final | drop):
            m.d.sync += held.eq(0)
        with m.If(take):
            m.d.sync += [
                beat_address.eq(new.address[low:]),
                left.eq((end + (size - 1)) >> low),
                length.eq(new.bytes),
                wraps.eq(Cat(offset > unit * _UNIT for unit in range(size // _UNIT))),
                exists.eq(Cat(
                    (offset <= unit * _UNIT) & (end > unit * _UNIT) for unit in range(len(exists)))),
            ]
            whole = data.View(data.ArrayLayout(self.data_bits, chunks), new.data)
            m.d.sync += [turned[n].eq(_turn(whole[n], offset)) for n in range(chunks)]
            m.d.sync += held.eq(1)
        m.d.comb += [bus.awsize.eq(beat_size(self.data_bits)), bus.awburst.eq(Burst.INCR), bus.bready.eq(1)]

        answered = bus.bvalid & bus.bready
        m.d.comb += [
            bursts.r_en.eq(answered),
            self.idle.eq(~held & ~bus.awvalid & ~bus.wvalid & ~bursts.r_rdy & ~self.error_valid),
        ]
        m.d.sync += [
            self.error_valid.eq(answered & bus.bresp[1]),
            self.error.response.eq(bus.bresp),
            self.error.address.eq(bursts.r_data),
        ]
        return m


def _turn(value, offset):
    """``value`` rotated up by ``offset`` bytes, a multiple of ``_UNIT``."""
    for n in range(_UNIT.bit_length() - 1, len(offset)):
        value = Mux(offset[n], value.rotate_left(8 << n), value)
    return value
