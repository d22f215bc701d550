"""A stream that is read from a block memory, with stalls at both ends."""

import random

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.stream.memory_read import MemoryRead
from hw.target.block_memory import BlockMemory
from verif.simulation import simulate

DEPTH = 16


class Reader(wiring.Component):
    """Words of a memory in ascending order, each with its address, while ``there``."""

    def __init__(self):
        super().__init__(
            {
                "write": In(1),
                "there": In(1),
                "o": Out(stream.Signature(8)),
                "address": Out(4),
                "waits": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = BlockMemory(width=8, depth=DEPTH)
        written, address = Signal(4), Signal(4)
        read = MemoryRead(m, there=self.there, valid=self.o.valid, ready=self.o.ready)
        read.connect([memory], address)
        m.d.comb += [
            memory.write_enable.eq(self.write),
            memory.write_address.eq(written),
            memory.write_data.eq(written * 13 + 5),
            self.o.payload.eq(memory.data),
            self.address.eq(read.accompany("address", address)),
            self.waits.eq(read.under_way),
        ]
        with m.If(self.write):
            m.d.sync += written.eq(written + 1)
        with m.If(read.reads):
            m.d.sync += address.eq(address + 1)
        return m


@pytest.mark.parametrize(("there", "ready"), [(1.0, 1.0), (0.5, 1.0), (1.0, 0.5), (0.6, 0.4)])
def test_every_word_comes_once_with_what_accompanies_it(there, ready):
    core, rng, found, cycles = Reader(), random.Random(3), [], 0

    async def drive(context):
        nonlocal cycles
        context.set(core.write, 1)
        await context.tick().repeat(DEPTH)
        context.set(core.write, 0)
        while len(found) < 100:
            context.set(core.there, rng.random() < there)
            context.set(core.o.ready, rng.random() < ready)
            if context.get(core.o.valid) and context.get(core.o.ready):
                found.append((context.get(core.address), context.get(core.o.payload)))
            await context.tick()
            cycles += 1

    simulate(core, drive)
    assert found == [(n % DEPTH, (n % DEPTH * 13 + 5) % 256) for n in range(100)]
    if there == ready == 1:
        assert cycles == 100 + MemoryRead.latency


def test_a_word_on_its_way_is_told():
    core, seen = Reader(), []

    async def drive(context):
        context.set(core.there, 1)
        for _ in range(3):
            seen.append((context.get(core.waits), context.get(core.o.valid)))
            await context.tick()

    simulate(core, drive)
    assert seen == [(0, 0), (1, 0), (1, 1)]
