"""The fetcher of lists on a memory: every bit of every entry, the doorbell's jobs beside them, bad links."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from amaranth.hdl import ResetInserter, Signal

from golden.engine import (
    DESCRIPTOR_REGISTERS,
    DESCRIPTOR_WORDS,
    ENTRY_BYTES,
    ENTRY_WORDS,
    NEXT_WORD,
    Descriptor,
    Entry,
)
from hw.gemm.jobs.list_fetch import ListFetch
from verif.simulation import simulate

WIDTHS = [64, 128, 256, 512]
ADDRESS_BITS = 40


def random_descriptor(rng):
    """Every field random, reserved bits 0."""
    words = [rng.getrandbits(32) & register.used for register in DESCRIPTOR_REGISTERS]
    return Descriptor.from_words(words)


def expected(descriptor, *, reserved=0, ends_list=0):
    """What the queue is given."""
    fields = {name: value for name, value in vars(descriptor).items() if name != "reserved"}
    flags = {"reserved": int(reserved), "ends_list": int(ends_list), "misplaced": 0}
    return {name: int(value) for name, value in (fields | flags).items()}


class Bench:
    """A ``ListFetch``, its memory, and the queue behind it, which takes when it likes.

    ``entries``: what memory holds, by address. ``reads``: addresses asked for. ``given``: what the queue got,
    misplaced ones as "misplaced". ``submitted``: how many counted.
    """

    def __init__(self, data_bits, rng):
        self.dut = ListFetch(data_bits=data_bits, address_bits=ADDRESS_BITS)
        self.rng = rng
        self.reset = Signal()
        self.entries, self.reads, self.given = {}, [], []
        self.submitted = 0
        self.takes = 0.7

    def put(self, descriptors, addresses, following=0):
        """A list; its first address."""
        links = [*addresses[1:], following]
        for address, descriptor, link in zip(addresses, descriptors, links, strict=True):
            self.entries[address] = Entry(descriptor=descriptor, following=link).encode().tobytes()
        return addresses[0]

    def addresses(self, count):
        """Where entries may lie: all over the addresses, the last one too, and one whose low half is 0."""
        most = (1 << ADDRESS_BITS) // ENTRY_BYTES
        edges = [1, most - 1, (1 << 32) // ENTRY_BYTES]
        places = [*edges, *(self.rng.randrange(2, most - 1) for _ in range(count))]
        return [place * ENTRY_BYTES for place in self.rng.sample(places, count)]

    def run(self, drive):
        background = (self._memory, self._queue, self._count)
        simulate(ResetInserter(self.reset)(self.dut), drive, background=background)

    async def ring(self, ctx, address):
        """Begin a list."""
        ctx.set(self.dut.list.p, address)
        ctx.set(self.dut.list.valid, 1)
        await ctx.tick().until(self.dut.list.ready)
        ctx.set(self.dut.list.valid, 0)
        ctx.set(self.dut.list.p, self.rng.getrandbits(64))

    async def fetched(self, ctx):
        """Until a list is no longer fetched."""
        await ctx.tick().until(self.dut.list.ready)

    async def doorbell(self, ctx, descriptor):
        """A job of the doorbell, once it is taken."""
        fields = expected(descriptor, reserved=any(descriptor.reserved))
        ctx.set(self.dut.i.p, {name: fields[name] for name in self.dut.i.p.shape().members})
        ctx.set(self.dut.i.valid, 1)
        await ctx.tick().until(self.dut.i.ready)
        ctx.set(self.dut.i.valid, 0)

    async def _memory(self, ctx):
        """Answers after a while, with the beats that a whole entry has; others' beats never come here."""
        read, beat, size = self.dut.read, self.dut.beat, self.dut.data_bits // 8
        while True:
            ctx.set(read.ready, 0)
            while self.rng.random() < 0.5:
                await ctx.tick()
            ctx.set(read.ready, 1)
            valid = 0
            while not valid:
                *_, valid, address = await ctx.tick().sample(read.valid, read.p)
            ctx.set(read.ready, 0)
            self.reads.append(address)
            await ctx.tick().repeat(self.rng.choice((1, 2, 20)))
            content = self.entries[address]
            for start in range(0, ENTRY_BYTES, size):
                while self.rng.random() < 0.3:
                    ctx.set(beat.p, {"data": self.rng.getrandbits(8 * size), "first": 1, "last": 1})
                    await ctx.tick()
                data = int.from_bytes(content[start : start + size], "little")
                ctx.set(beat.p, {"data": data, "first": start == 0, "last": start + size == ENTRY_BYTES})
                ctx.set(beat.valid, 1)
                await ctx.tick()
                ctx.set(beat.valid, 0)

    async def _queue(self, ctx):
        o = self.dut.o
        while True:
            ctx.set(o.ready, self.rng.random() < self.takes)
            _, _, valid, ready, p = await ctx.tick().sample(o.valid, o.ready, o.p)
            if valid and ready:
                names = o.p.shape().members
                self.given.append("misplaced" if p.misplaced else {n: int(getattr(p, n)) for n in names})

    async def _count(self, ctx):
        async for *_, submitted in ctx.tick().sample(self.dut.submitted):
            self.submitted += submitted


@pytest.mark.parametrize("data_bits", WIDTHS)
def test_lists_and_doorbells_in_their_order(data_bits):
    """Lists of any length anywhere, jobs of the doorbell between them: all arrive, whole, once, in order."""
    rng = random.Random(data_bits)
    bench = Bench(data_bits, rng)
    wanted, reads = [], []

    async def drive(ctx):
        for _ in range(12):
            bench.takes = rng.choice((1, 0.7, 0.1))
            for _ in range(rng.choice((0, 0, 1, 3))):
                descriptor = random_descriptor(rng)
                wanted.append(expected(descriptor))
                await bench.doorbell(ctx, descriptor)
            jobs = [random_descriptor(rng) for _ in range(rng.randint(1, 6))]
            addresses = [a for a in bench.addresses(len(jobs) + 3) if a not in reads][: len(jobs)]
            reads.extend(addresses)
            wanted.extend(expected(job, ends_list=job is jobs[-1]) for job in jobs)
            await bench.ring(ctx, bench.put(jobs, addresses))
            assert not ctx.get(bench.dut.i.ready)
            assert not ctx.get(bench.dut.list.ready)
            if rng.random() < 0.5:
                await bench.fetched(ctx)
        await bench.fetched(ctx)
        await ctx.tick().repeat(3)

    bench.run(drive)
    assert bench.given == wanted
    assert bench.reads == reads
    assert bench.submitted == len(wanted)


@pytest.mark.parametrize("data_bits", WIDTHS)
def test_every_bit_of_an_entry(data_bits):
    """Each is part of a field, or refuses the job, or leads to the next entry."""
    rng = random.Random(data_bits + 1)
    bench = Bench(data_bits, rng)
    bench.takes = 1
    wanted = []
    addresses = [ENTRY_BYTES * (n + 1) for n in range(32 * NEXT_WORD + 1)]

    async def drive(ctx):
        for bit, address in enumerate(addresses[:-1]):
            data = bytearray(
                Entry(descriptor=Descriptor(), following=address + ENTRY_BYTES).encode().tobytes()
            )
            data[bit // 8] |= 1 << bit % 8
            bench.entries[address] = bytes(data)
            word = bit // 32
            words = [(1 << bit % 32) * (n == word) for n in range(DESCRIPTOR_WORDS)]
            descriptor = Descriptor.from_words(words)
            reserved = word >= DESCRIPTOR_WORDS or any(descriptor.reserved)
            wanted.append(expected(replace(descriptor, reserved=()), reserved=reserved))
        bench.put([Descriptor()], [addresses[-1]])
        wanted.append(expected(Descriptor(), ends_list=1))
        await bench.ring(ctx, addresses[0])
        await bench.fetched(ctx)

    bench.run(drive)
    assert bench.given == wanted
    assert sum(entry["reserved"] for entry in wanted) == 32 * (NEXT_WORD - DESCRIPTOR_WORDS) + sum(
        32 - register.used.bit_count() for register in DESCRIPTOR_REGISTERS
    )


@pytest.mark.parametrize("data_bits", WIDTHS)
@pytest.mark.parametrize("bit", [*range(7), ADDRESS_BITS, ADDRESS_BITS + 1, 52, 63])
def test_links_that_lead_nowhere(data_bits, bit):
    """In the first place or in a link: what comes before is given, and nothing is read behind it."""
    rng = random.Random(bit)
    for first in (True, False):
        bench = Bench(data_bits, rng)
        bad = bench.addresses(1)[0] | 1 << bit
        jobs = [random_descriptor(rng) for _ in range(0 if first else 2)]
        addresses = [ENTRY_BYTES * 8, ENTRY_BYTES * 11][: len(jobs)]

        async def drive(ctx, bench=bench, bad=bad, jobs=jobs, addresses=addresses):
            await bench.ring(ctx, bench.put(jobs, addresses, bad) if jobs else bad)
            await ctx.tick().repeat(300)
            assert ctx.get(bench.dut.address) == bad
            assert not ctx.get(bench.dut.list.ready | bench.dut.i.ready | bench.dut.read.valid)
            ctx.set(bench.reset, 1)
            await ctx.tick()
            ctx.set(bench.reset, 0)
            await bench.doorbell(ctx, Descriptor(m=5))
            await bench.ring(ctx, bench.put([Descriptor(n=7)], [0x500]))
            await bench.fetched(ctx)

        bench.run(drive)
        after = [expected(Descriptor(m=5)), expected(Descriptor(n=7), ends_list=1)]
        assert bench.given == [*map(expected, jobs), "misplaced", *after]
        assert bench.reads == [*addresses, 0x500]
        assert bench.submitted == len(jobs) + 2


def test_the_first_entry_may_lie_at_address_0():
    bench = Bench(128, random.Random(1))
    jobs = [Descriptor(m=n) for n in range(3)]

    async def drive(ctx):
        await bench.ring(ctx, bench.put(jobs, [0, 0x80, 0x100]))
        await bench.fetched(ctx)

    bench.run(drive)
    assert bench.given == [expected(job, ends_list=job is jobs[-1]) for job in jobs]


@pytest.mark.parametrize("data_bits", [64, 512])
@pytest.mark.parametrize("cycle", range(1, 80, 3))
def test_a_reset_at_any_cycle(data_bits, cycle):
    """Nothing of the list is left, and the next one is whole."""
    bench = Bench(data_bits, random.Random(cycle))
    jobs = [random_descriptor(bench.rng) for _ in range(3)]

    async def drive(ctx):
        await bench.ring(ctx, bench.put(jobs, [0x100, 0x180, 0x80]))
        await ctx.tick().repeat(cycle)
        # The bus comes to rest before a soft reset clears anything.
        ctx.set(bench.dut.stop, 1)
        before = bench.submitted
        await ctx.tick().repeat(150)
        assert bench.submitted == before
        ctx.set(bench.reset, 1)
        await ctx.tick()
        ctx.set(bench.reset, 0)
        ctx.set(bench.dut.stop, 0)
        bench.given.clear()
        assert ctx.get(bench.dut.list.ready)
        await bench.ring(ctx, bench.put(jobs, [0x200, 0x280, 0x300]))
        await bench.fetched(ctx)

    bench.run(drive)
    assert bench.given == [expected(job, ends_list=job is jobs[-1]) for job in jobs]


def test_an_entry_follows_the_one_before_at_once():
    """With a memory that answers in 20 cycles, an entry takes these, its beats, and 8 cycles more."""
    bench = Bench(128, random.Random(2))
    beats = ENTRY_WORDS * 32 // 128
    times = []

    async def memory(ctx):
        read, beat = bench.dut.read, bench.dut.beat
        while True:
            ctx.set(read.ready, 1)
            valid = 0
            while not valid:
                *_, valid, address = await ctx.tick().sample(read.valid, read.p)
            ctx.set(read.ready, 0)
            await ctx.tick().repeat(20)
            for n in range(beats):
                data = int.from_bytes(bench.entries[address][16 * n : 16 * n + 16], "little")
                ctx.set(beat.p, {"data": data, "first": n == 0, "last": n == beats - 1})
                ctx.set(beat.valid, 1)
                await ctx.tick()
            ctx.set(beat.valid, 0)

    async def watch(ctx):
        now = 0
        async for *_, submitted in ctx.tick().sample(bench.dut.submitted):
            now += 1
            if submitted:
                times.append(now)

    async def drive(ctx):
        ctx.set(bench.dut.o.ready, 1)
        await bench.ring(ctx, bench.put([Descriptor()] * 5, [0x80 * n for n in range(1, 6)]))
        await bench.fetched(ctx)

    simulate(bench.dut, drive, background=(memory, watch))
    assert len(times) == 5
    assert all(later - earlier <= 20 + beats + 8 for earlier, later in pairwise(times))
