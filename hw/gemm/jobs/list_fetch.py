"""Jobs of command lists, read from memory."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.engine import (
    DESCRIPTOR_REGISTERS,
    DESCRIPTOR_WORDS,
    ENTRY_BYTES,
    ENTRY_WORDS,
    NEXT_WORD,
)
from hw.axi.fragment_reader import addend_beat_layout
from hw.gemm.jobs.descriptor import descriptor_fields, descriptor_layout, queued_descriptor_layout

__all__ = ["LIST_ADDRESS_BITS", "ListFetch"]

LIST_ADDRESS_BITS = 64
"""Bits of an entry's address, as registers and entries hold it."""

_WORD = 32

_ALL = (1 << _WORD) - 1


class ListFetch(wiring.Component):
    """Descriptors for the queue: those of the doorbell, or, while a list is being fetched, its entries.

    An entry is asked for when the one before is in the queue: some 8 cycles and the beats of an entry, after
    what memory takes. Those of the doorbell pass without latency, one per cycle, but not while ``fetching``.
    An entry that may not lie where it should goes to the queue as a ``misplaced`` descriptor, and nothing is
    fetched behind it until a reset.

    Parameters
    ----------
    data_bits, address_bits:
        Widths of the memory port.

    Members
    -------
    list: In(stream of ``LIST_ADDRESS_BITS``), address of a list's first entry; ready while none is fetched
    i: In(stream of ``descriptor_layout``); o: Out(stream of ``queued_descriptor_layout``)
    read: Out(stream of addresses) of ``ENTRY_BYTES`` bytes
    beat: In(stream of ``addend_beat_layout``), never stalled
    stop: In(1), the engine stops: what is given any more does not count
    submitted: Out(1), a job goes to the queue
    address: Out(``LIST_ADDRESS_BITS``), of the entry that is fetched next, or misplaced
    """

    def __init__(self, *, data_bits, address_bits):
        self.data_bits = data_bits
        self.address_bits = address_bits
        self._lanes = data_bits // _WORD
        self._beats = ENTRY_WORDS // self._lanes
        super().__init__(
            {
                "list": In(stream.Signature(LIST_ADDRESS_BITS)),
                "i": In(stream.Signature(descriptor_layout())),
                "o": Out(stream.Signature(queued_descriptor_layout())),
                "read": Out(stream.Signature(address_bits)),
                "beat": In(stream.Signature(addend_beat_layout(data_bits), always_ready=True)),
                "stop": In(1),
                "submitted": Out(1),
                "address": Out(LIST_ADDRESS_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        fetching, ends, misplaced = Signal(), Signal(), Signal()
        give = Signal()
        number = Signal(range(self._beats))
        words = self._store(m, number)
        reserved = self._reserved(m, number)
        m.d.comb += [
            self.read.p.eq(self.address[: self.address_bits]),
            self.list.ready.eq(~fetching),
            self.submitted.eq(self.o.valid & self.o.ready & ~self.o.p.misplaced & ~self.stop),
        ]
        beyond = self.address[self.address_bits :]
        low = self.address[: ENTRY_BYTES.bit_length() - 1]
        m.d.sync += [ends.eq(~self.address.any()), misplaced.eq(low.any() | beyond.any())]
        with m.FSM(name="state"):
            with m.State("IDLE"), m.If(self.list.valid):
                m.d.sync += [self.address.eq(self.list.p), fetching.eq(1)]
                m.next = "LOOK"
            with m.State("LOOK"):
                m.next = "ASK"
            with m.State("ASK"):
                m.d.comb += self.read.valid.eq(~misplaced)
                with m.If(misplaced):
                    m.next = "REFUSE"
                with m.Elif(self.read.ready):
                    m.next = "RECEIVE"
            with m.State("RECEIVE"), m.If(self.beat.valid & self.beat.p.last):
                m.next = "SETTLE"
            with m.State("SETTLE"):
                m.next = "GIVE"
            with m.State("GIVE"):
                m.d.comb += give.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += fetching.eq(~ends)
                    m.next = "ASK"
                    with m.If(ends):
                        m.next = "IDLE"
            with m.State("REFUSE"):
                m.d.comb += [give.eq(1), self.o.p.misplaced.eq(1)]
                with m.If(self.o.ready):
                    m.next = "REFUSED"
            with m.State("REFUSED"):
                pass
        self._give(m, words, reserved, fetching, give, ends)
        return m

    def _word(self, number, lane):
        """The word of an entry that a lane of a beat has."""
        return number * self._lanes + lane

    def _store(self, m, number):
        """Keep the words of an entry: those of its descriptor; the link becomes ``address``."""
        m.d.sync += number.eq(number + self.beat.valid)
        words = [
            Signal(_WORD, name=register.name.lower(), reset_less=True) for register in DESCRIPTOR_REGISTERS
        ]
        for n in range(self._beats):
            with m.If(self.beat.valid & (number == n)):
                for lane in range(self._lanes):
                    word, value = self._word(n, lane), self.beat.p.data.word_select(lane, _WORD)
                    if word < DESCRIPTOR_WORDS:
                        m.d.sync += words[word].eq(value)
                    elif word >= NEXT_WORD:
                        m.d.sync += self.address.word_select(word - NEXT_WORD, _WORD).eq(value)
        return words

    def _reserved(self, m, number):
        """Whether the entry has a bit set that must be 0, two cycles after its last beat.

        Bits of a beat that are reserved in the same beats of an entry are looked at together.
        """
        groups = {}
        for bit in range(self.data_bits):
            lane, place = divmod(bit, _WORD)
            beats = tuple(n for n in range(self._beats) if _unused(self._word(n, lane)) >> place & 1)
            groups.setdefault(beats, []).append(self.beat.p.data[bit])
        groups.pop((), None)
        valid, beat = Signal(), Signal.like(number)
        m.d.sync += [valid.eq(self.beat.valid), beat.eq(number)]
        found = []
        for n, (beats, bits) in enumerate(groups.items()):
            some = Signal(name=f"some_{n}", reset_less=True)
            m.d.sync += some.eq(Cat(bits).any())
            found.append(some & Cat(beat == k for k in beats).any())
        reserved = Signal()
        with m.If(valid):
            m.d.sync += reserved.eq(Cat(found).any() | (reserved & (beat != 0)))
        return reserved

    def _give(self, m, words, reserved, fetching, give, ends):
        """To the queue: what the doorbell gives, or the entry."""
        m.d.comb += [
            self.o.valid.eq(Mux(fetching, give, self.i.valid)),
            self.i.ready.eq(self.o.ready & ~fetching),
            self.o.p.ends_list.eq(fetching & ends),
            self.o.p.reserved.eq(Mux(fetching, reserved, self.i.p.reserved)),
        ]
        numbers = {register.name: n for n, register in enumerate(DESCRIPTOR_REGISTERS)}
        for name, register, field, low in descriptor_fields():
            place = slice(low, low + field.width)
            entry = words[numbers[register.name]][field.low : field.low + field.width]
            staged = getattr(self.i.p, name)[place]
            m.d.comb += getattr(self.o.p, name)[place].eq(Mux(fetching, entry, staged))


def _unused(word):
    """Mask of the bits of a word of an entry that must be 0."""
    if word < DESCRIPTOR_WORDS:
        return ~DESCRIPTOR_REGISTERS[word].used & _ALL
    return _ALL if word < NEXT_WORD else 0
