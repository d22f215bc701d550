"""Reads of any length from memory: AXI4 bursts out, beats back in order."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.axi.signatures import (
    CACHE,
    PAGE_BYTES,
    PROTECTION,
    AXI4ReadSignature,
    Burst,
    beat_size,
    check_bus,
)
from hw.stream.queue import Queue

__all__ = ["ReadMaster", "beat_layout", "bus_error_layout", "read_command_layout"]


OUTSTANDING = 32
"""Most read bursts under way."""


def read_command_layout(*, address_bits, most_bytes, tag) -> data.StructLayout:
    """A run of ``bytes`` (1 to ``most_bytes``) from any ``address``; ``tag`` comes back with its beats."""
    return data.StructLayout({"address": address_bits, "bytes": range(most_bytes + 1), "tag": tag})


def beat_layout(*, data_bits, tag) -> data.StructLayout:
    """A beat of memory, with its place in the command's run: whole beats, so the run starts within one."""
    return data.StructLayout({"data": data_bits, "first": 1, "last": 1, "tag": tag})


def bus_error_layout(address_bits) -> data.StructLayout:
    """A response that was not OKAY, and the address of its beat or burst."""
    return data.StructLayout({"response": 2, "address": address_bits})


class ReadMaster(wiring.Component):
    """The beats of memory that hold each command's bytes, in order.

    Bursts are as long as their 4 KiB page (and 256 beats) allow, all of one ID. A new one is issued while
    fewer than ``outstanding`` are under way. Beats cannot be stopped: who gives a command has room
    for its data, so RREADY is always high and reads never wait for each other.

    Latency: two cycles from a command to ARVALID, one from R to ``beat``; throughput one burst and
    one beat per cycle. After ``stop`` no further burst is issued, and ``idle`` says that all are back.

    Parameters
    ----------
    data_bits, address_bits:
        Widths of the bus.
    most_bytes:
        Longest run.
    tag:
        Shape of the tag.
    outstanding:
        Most bursts under way, at least 2, a power of two.

    Members
    -------
    command: In(stream of ``read_command_layout``)
    beat: Out(stream of ``beat_layout``), never stalled
    bus: Out(AXI4ReadSignature)
    stop: In(1); idle: Out(1)
    error: Out(stream of ``bus_error_layout``), never stalled
    """

    def __init__(self, *, data_bits, address_bits, most_bytes, tag, outstanding=OUTSTANDING):
        check_bus(data_bits=data_bits, address_bits=address_bits)
        if outstanding < 2:
            raise ValueError(f"outstanding must be at least 2, not {outstanding!r}")
        self.data_bits = data_bits
        self.address_bits = address_bits
        self.outstanding = outstanding
        self._beat_bytes = data_bits // 8
        self._burst_beats = min(256, PAGE_BYTES // self._beat_bytes)
        self._tag = tag
        self._command = read_command_layout(address_bits=address_bits, most_bytes=most_bytes, tag=tag)
        beat = beat_layout(data_bits=data_bits, tag=tag)
        super().__init__(
            {
                "command": In(stream.Signature(self._command)),
                "beat": Out(stream.Signature(beat, always_ready=True)),
                "bus": Out(AXI4ReadSignature(data_bits=data_bits, address_bits=address_bits)),
                "stop": In(1),
                "idle": Out(1),
                "error": Out(stream.Signature(bus_error_layout(address_bits), always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        burst = data.StructLayout({"tag": self._tag, "address": self.address_bits, "first": 1, "last": 1})
        m.submodules.bursts = bursts = Queue(shape=burst, depth=self.outstanding)
        self._issue(m, bursts)
        self._receive(m, bursts.o)
        m.d.comb += self.idle.eq(~self.bus.arvalid & ~bursts.o.valid & ~self.beat.valid)
        return m

    def _issue(self, m, bursts):
        low = self._beat_bytes.bit_length() - 1
        high = low + self._burst_beats.bit_length() - 1
        command = self.command.p
        active, fresh = Signal(name="active"), Signal(name="fresh")
        # Bursts stay within spans of the longest one. The next beat of the run: its span, its place there;
        # the run's last beat, counted from this span's first one.
        span = Signal(self.address_bits - high, reset_less=True)
        place = Signal(high - low, reset_less=True)
        last = Signal(max(len(command.bytes), high) + 1 - low, reset_less=True)
        tag = Signal(self._tag, reset_less=True)

        address = Cat(Const(0, low), place, span)
        final, issue = Signal(), Signal()
        room = Signal()  # for one burst more than the one that may begin in this cycle
        m.d.sync += room.eq(bursts.level < self.outstanding - 1)
        m.d.comb += [
            final.eq(last[high - low :] == 0),
            issue.eq(active & ~self.stop & room & (~self.bus.arvalid | self.bus.arready)),
            self.command.ready.eq(~self.stop & (~active | (issue & final))),
            bursts.i.valid.eq(issue),
            bursts.i.p.tag.eq(tag),
            bursts.i.p.address.eq(address),
            bursts.i.p.first.eq(fresh),
            bursts.i.p.last.eq(final),
            self.bus.arsize.eq(beat_size(self.data_bits)),
            self.bus.arburst.eq(Burst.INCR),
            self.bus.arcache.eq(CACHE),
            self.bus.arprot.eq(PROTECTION),
        ]
        with m.If(self.bus.arready):
            m.d.sync += self.bus.arvalid.eq(0)
        with m.If(issue):
            m.d.sync += [
                self.bus.arvalid.eq(1),
                self.bus.araddr.eq(address),
                self.bus.arlen.eq(Mux(final, last[: high - low], self._burst_beats - 1) - place),
                Cat(place, span).eq(Cat(Const(0, high - low), span + 1)),
                last[high - low :].eq(last[high - low :] - 1),
                fresh.eq(0),
                active.eq(~final),
            ]
        with m.If(self.command.valid & self.command.ready):
            m.d.sync += [
                active.eq(1),
                fresh.eq(1),
                Cat(place, span).eq(command.address[low:]),
                last.eq((command.address[:high] + (command.bytes - 1)) >> low),
                tag.eq(command.tag),
            ]

    def _receive(self, m, burst):
        taken, inside = Signal(), Signal()
        address = Signal(self.address_bits)
        running = Signal(self.address_bits, reset_less=True)
        m.d.comb += [
            self.bus.rready.eq(1),
            taken.eq(self.bus.rvalid & self.bus.rready),
            burst.ready.eq(taken & self.bus.rlast),
            address.eq(Mux(inside, running, burst.p.address)),
        ]
        m.d.sync += [
            self.beat.valid.eq(taken),
            self.beat.p.data.eq(self.bus.rdata),
            self.beat.p.first.eq(burst.p.first & ~inside),
            self.beat.p.last.eq(burst.p.last & self.bus.rlast),
            self.beat.p.tag.eq(burst.p.tag),
            self.error.valid.eq(taken & self.bus.rresp[1]),
            self.error.p.response.eq(self.bus.rresp),
            self.error.p.address.eq(address),
        ]
        with m.If(taken):
            m.d.sync += [inside.eq(~self.bus.rlast), running.eq(address + self._beat_bytes)]
