"""Reads of up to 64 bytes from any address, aligned."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from hw.axi.line import FRAGMENT_BYTES
from hw.stream.memory_read import MemoryRead
from hw.stream.queue import Queue
from hw.target.block_memory import BlockMemory

__all__ = ["FragmentReader", "addend_beat_layout", "addend_request_layout"]


def addend_request_layout(address_bits) -> data.StructLayout:
    """``bytes`` bytes (4 to 64, a multiple of 4) wanted from ``address``, a multiple of 4."""
    return data.StructLayout({"address": address_bits, "bytes": range(FRAGMENT_BYTES + 1)})


def addend_beat_layout(data_bits) -> data.StructLayout:
    """A beat of memory for an addend request: whole beats, so the wanted bytes start within the first."""
    return data.StructLayout({"data": data_bits, "first": 1, "last": 1})


class FragmentReader(wiring.Component):
    """Passes requests on while there is room for what they bring, and gives that in order, part by part.

    What was read waits in block memories, one for each unit of a word, which is a beat or a part, whatever is
    wider: each memory has an address of its own, so that a beat can end one word and begin the next.

    Latency: 5 cycles from a request's last beat to its first part; throughput one request, one beat, and one
    part per cycle.

    Parameters
    ----------
    data_bits, address_bits:
        Widths of the memory port.
    unit:
        Addresses and lengths are multiples of so many bytes: 2 or 4.
    words:
        Words of 32 bits of a part: 4, 8 or 16.
    most_times:
        How often what one request brings may be given.
    depth:
        Fragments that wait, under way or here, a power of two.
    target:
        One of ``hw.target.targets.TARGETS``.

    Members
    -------
    request: In(stream of ``addend_request_layout``)
    times: In, how often the parts of what ``request`` brings are to be given, all of them each time
    read: Out(stream of ``addend_request_layout``)
    beat: In(stream of ``addend_beat_layout``), never stalled
    o: Out(stream of ``words`` words), 64 bytes in ascending order, the first byte lowest; those that were not
        requested are arbitrary
    """

    def __init__(self, *, data_bits, address_bits, unit, words=16, most_times=1, depth=16, target="generic"):
        self.data_bits = data_bits
        self.address_bits = address_bits
        self.unit = unit
        self.words = words
        self.most_times = most_times
        self.depth = depth
        self.target = target
        self._beat_units = data_bits // 8 // unit
        self._part_units = 4 * words // unit
        self._units = max(self._beat_units, self._part_units)  # of a word
        self._words = FRAGMENT_BYTES // unit // self._units  # of a fragment
        request = stream.Signature(addend_request_layout(address_bits))
        super().__init__(
            {
                "request": In(request),
                "times": In(range(most_times + 1)),
                "read": Out(request),
                "beat": In(stream.Signature(addend_beat_layout(data_bits), always_ready=True)),
                "o": Out(stream.Signature(32 * words)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        memories = []
        for n in range(self._units):
            memory = BlockMemory(width=8 * self.unit, depth=self.depth * self._words, target=self.target)
            m.submodules[f"unit_{n}"] = memory
            memories.append(memory)
        # Where the wanted bytes start in the first beat of each request under way, in units.
        m.submodules.offsets = offsets = Queue(shape=exact_log2(self._beat_units), depth=self.depth)
        m.submodules.counts = counts = Queue(shape=self.times.shape(), depth=self.depth)
        room = Signal(range(self.depth + 1), init=self.depth)
        has_room = Signal(init=1)  # much hangs on it
        waiting = Signal(range(self.depth + 1))
        sent, stored, given = Signal(), Signal(), Signal()
        m.d.comb += [
            sent.eq(self.read.valid & self.read.ready),
            self.read.p.eq(self.request.p),
            self.read.valid.eq(self.request.valid & has_room),
            self.request.ready.eq(self.read.ready & has_room),
            offsets.i.valid.eq(sent),
            offsets.i.p.eq(self.request.p.address[exact_log2(self.unit) :][: len(offsets.i.p)]),
            counts.i.valid.eq(sent),
            counts.i.p.eq(self.times),
            counts.o.ready.eq(given),
        ]
        m.d.sync += [
            room.eq(room - sent + given),
            has_room.eq(given | (room > 1) | ((room == 1) & ~sent)),
            waiting.eq(waiting + stored - given),
        ]
        self._store(m, memories, offsets.o, stored)
        self._give(m, memories, counts.o.p, waiting != 0, given)
        return m

    def _store(self, m, memories, offset, stored):
        """Put each beat into the memories, and say when a fragment's last one is stored."""
        # The beat turned so that wanted units lie in their lane; those that wrap around belong to the beat's
        # place before.
        lanes, beats = self._beat_units, self._units // self._beat_units
        turned = self.beat.p.data
        for n in range(len(offset.p)):
            turned = Mux(offset.p[n], turned.rotate_right(8 * self.unit << n), turned)
        places = FRAGMENT_BYTES // self.unit // lanes
        following, number = Signal(range(places + 1)), Signal(range(places + 1))
        held, valid, last = Signal(self.data_bits, reset_less=True), Signal(), Signal()
        wraps = Signal(lanes, reset_less=True)
        slot = Signal(range(self.depth))
        m.d.comb += [offset.ready.eq(self.beat.valid & self.beat.p.last), stored.eq(valid & last)]
        m.d.sync += [
            valid.eq(self.beat.valid),
            last.eq(self.beat.p.last),
            held.eq(turned),
            wraps.eq(Cat(Const(0, 1), *(offset.p > lanes - 1 - lane for lane in range(1, lanes)))),
            slot.eq(slot + stored),
        ]
        with m.If(self.beat.valid):
            m.d.sync += [
                number.eq(Mux(self.beat.p.first, 0, following)),
                following.eq(Mux(self.beat.p.first, 1, following + 1)),
            ]
        log = exact_log2(beats)
        ways = []  # without and with a wrap: whether there is a place, its beat of a word, and the address
        for place, exists in ((number, number != places), (number - 1, number != 0)):
            word = place[log:][: exact_log2(self._words)]
            ways.append((exists, place[:log], Cat(word, slot)))
        for n, memory in enumerate(memories):
            for wrapped, (exists, beat, address) in enumerate(ways):
                with m.If(wraps[n % lanes] == wrapped):
                    m.d.comb += [
                        memory.write_enable.eq(valid & exists & (beat == n // lanes)),
                        memory.write_address.eq(address),
                    ]
            lane = 8 * self.unit * (n % lanes)
            m.d.comb += memory.write_data.eq(held[lane : lane + 8 * self.unit])

    def _give(self, m, memories, times, there, given):
        """Read the parts of the oldest fragment, through both stages of the memories; say when all are."""
        parts = FRAGMENT_BYTES // self.unit // self._part_units
        log = exact_log2(self._units // self._part_units)  # parts of a word
        part, time = Signal(range(max(2, parts))), Signal(range(max(2, self.most_times)))
        slot = Signal(range(self.depth))
        last_part, last_time = Signal(), Signal()
        read = MemoryRead(m, there=there, valid=self.o.valid, ready=self.o.ready)
        read.connect(memories, Cat(part[log:][: exact_log2(self._words)], slot))
        m.d.comb += [
            last_part.eq(part == parts - 1),
            last_time.eq(time + 1 == times),
            given.eq(read.reads & (last_part & last_time)),
        ]
        with m.If(read.reads):
            m.d.sync += part.eq(Mux(last_part, 0, part + 1))
            with m.If(last_part):
                m.d.sync += time.eq(Mux(last_time, 0, time + 1))
        m.d.sync += slot.eq(slot + given)
        word, within = Cat(memory.data for memory in memories), read.accompany("within", part[:log])
        m.d.comb += self.o.p.eq(word.word_select(within, len(self.o.p)) if log else word)
