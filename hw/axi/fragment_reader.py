"""Reads of up to 64 bytes from any address, aligned."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.axi.line import FRAGMENT_BYTES
from hw.stream.queue import Queue

__all__ = ["FragmentReader", "addend_beat_layout", "addend_request_layout"]


def addend_request_layout(address_bits) -> data.StructLayout:
    """``bytes`` bytes (4 to 64, a multiple of 4) wanted from ``address``, a multiple of 4."""
    return data.StructLayout({"address": address_bits, "bytes": range(FRAGMENT_BYTES + 1)})


def addend_beat_layout(data_bits) -> data.StructLayout:
    """A beat of memory for an addend request: whole beats, so the wanted bytes start within the first."""
    return data.StructLayout({"data": data_bits, "first": 1, "last": 1})


class FragmentReader(wiring.Component):
    """Passes requests on while there is room for what they bring, and gives that in order.

    Latency: 3 cycles from a request's last beat to its fragment; throughput one request, and one beat, per
    cycle.

    Parameters
    ----------
    data_bits, address_bits:
        Widths of the memory port.
    unit:
        Addresses and lengths are multiples of so many bytes: 2 or 4.
    depth:
        Fragments that wait, under way or here.

    Members
    -------
    request: In(stream of ``addend_request_layout``)
    read: Out(stream of ``addend_request_layout``)
    beat: In(stream of ``addend_beat_layout``), never stalled
    o: Out(stream of 512 bits), the first byte lowest; what was not requested is arbitrary
    """

    def __init__(self, *, data_bits, address_bits, unit, depth=16):
        self.data_bits = data_bits
        self.address_bits = address_bits
        self.unit = unit
        self.depth = depth
        request = stream.Signature(addend_request_layout(address_bits))
        super().__init__(
            {
                "request": In(request),
                "read": Out(request),
                "beat": In(stream.Signature(addend_beat_layout(data_bits), always_ready=True)),
                "o": Out(stream.Signature(8 * FRAGMENT_BYTES)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        lanes = self.data_bits // 8 // self.unit
        chunks = FRAGMENT_BYTES // self.unit // lanes
        bits = 8 * self.unit
        # Where the wanted bytes start in the first beat of each request under way, in units.
        m.submodules.offsets = offsets = Queue(shape=lanes.bit_length() - 1, depth=self.depth)
        m.submodules.fragments = fragments = Queue(
            shape=8 * FRAGMENT_BYTES, depth=self.depth, registered=True
        )
        wiring.connect(m, fragments.o, wiring.flipped(self.o))

        room = Signal(range(self.depth + 1), init=self.depth)
        sent = self.read.valid & self.read.ready
        low = self.unit.bit_length() - 1
        m.d.comb += [
            self.read.p.eq(self.request.p),
            self.read.valid.eq(self.request.valid & (room != 0)),
            self.request.ready.eq(self.read.ready & (room != 0)),
            offsets.i.valid.eq(sent),
            offsets.i.p.eq(self.request.p.address[low:][: len(offsets.i.p)]),
        ]
        m.d.sync += room.eq(room - sent + (self.o.valid & self.o.ready))

        # The beat turned so that wanted units lie in their lane; those that wrap around belong to the
        # chunk before.
        offset = offsets.o.p
        turned = self.beat.p.data
        for n in range(len(offset)):
            turned = Mux(offset[n], turned.rotate_right(bits << n), turned)
        wraps = [Const(0, 1), *(offset > lanes - 1 - lane for lane in range(1, lanes))]
        number, chunk = Signal(range(chunks + 1)), Signal(range(chunks + 1))
        m.d.comb += chunk.eq(Mux(self.beat.p.first, 0, number))
        block = [Signal(bits, name=f"unit_{n}", reset_less=True) for n in range(chunks * lanes)]
        for n, part in enumerate(block):
            lane, mine = n % lanes, n // lanes
            with m.If(self.beat.valid & (chunk == mine + wraps[lane])):
                m.d.sync += part.eq(turned[bits * lane : bits * (lane + 1)])
        done = Signal()
        m.d.sync += done.eq(self.beat.valid & self.beat.p.last)
        with m.If(self.beat.valid):
            m.d.sync += number.eq(chunk + 1)
        m.d.comb += [
            offsets.o.ready.eq(self.beat.valid & self.beat.p.last),
            fragments.i.valid.eq(done),
            fragments.i.p.eq(Cat(block)),
        ]
        return m
