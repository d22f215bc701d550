"""The registers over AXI4-Lite: every one, every strobe, every reserved bit, stalls and coincidences."""

from dataclasses import replace

import numpy as np
import pytest

from golden.engine import (
    DESCRIPTOR_REGISTERS,
    REGISTERS,
    Descriptor,
    ErrorCode,
    MemoryFormat,
    check,
)
from golden.engine.registers import ADDRESS_SPACE_BITS, Access
from hw.axi.signatures import Response
from verif.hw.gemm.jobs.control_bench import PARAMETERS, ControlBench, RegisterModel
from verif.runner import seed

GOOD = Descriptor(
    a_format=MemoryFormat.MX6,
    b_format=MemoryFormat.MX6,
    d_format=MemoryFormat.BINARY32,
    m=1,
    n=16,
    k=16,
    a_address=0x1000,
    b_address=0x2000,
    d_address=0x3000,
    a_pitch=64,
    b_pitch=64,
    d_pitch=64,
)

RESERVED = [(r, bit) for r in DESCRIPTOR_REGISTERS for bit in range(32) if not r.used >> bit & 1]
"""Every reserved bit of a descriptor."""

DOORBELLS = ("DOORBELL", "LIST_DOORBELL")

FULL = range(1, 16)
"""Strobes of a write that writes something."""


@pytest.fixture
def bench():
    return ControlBench(PARAMETERS)


def rng(name):
    return np.random.default_rng([seed(), *name.encode()])


async def stage(bench, ctx, words):
    for register, word in zip(DESCRIPTOR_REGISTERS, words, strict=True):
        await bench.put(ctx, register.name, word)


def expected(words):
    """The descriptor that the doorbell gives for these words."""
    d = Descriptor.from_words(words)
    return vars(replace(d, reserved=())) | {"reserved": int(any(d.reserved))}


def given(descriptor):
    """One that it gave, as a dictionary."""
    names = descriptor.shape().members
    return {name: int(getattr(descriptor, name)) for name in names}


def test_reserved_bits(bench):
    good = GOOD.words()
    assert len(RESERVED) == 82
    assert check(GOOD, PARAMETERS) is ErrorCode.NONE

    async def drive(ctx):
        await stage(bench, ctx, good)
        await bench.put(ctx, "DOORBELL", 0)
        assert not bench.descriptors[-1].reserved
        for register, bit in RESERVED:
            number = DESCRIPTOR_REGISTERS.index(register)
            await bench.put(ctx, register.name, good[number] | 1 << bit)
            await bench.put(ctx, "DOORBELL", 0)
            verdict = check(Descriptor.from_words(bench.model.staged()), PARAMETERS)
            assert verdict is ErrorCode.RESERVED_BITS
            assert bench.descriptors[-1].reserved, f"{register.name} bit {bit}"
            await bench.check(ctx, [register.name])
            await bench.put(ctx, register.name, good[number])
        await bench.put(ctx, "DOORBELL", 0)
        assert not bench.descriptors[-1].reserved

    bench.run(drive)
    assert len(bench.descriptors) == len(RESERVED) + 2


def test_every_field_of_a_descriptor(bench):
    random = rng("fields")
    written = []

    async def drive(ctx):
        for _ in range(8):
            words = [int(word) for word in random.integers(0, 1 << 32, len(DESCRIPTOR_REGISTERS))]
            await stage(bench, ctx, words)
            await bench.put(ctx, "DOORBELL", 0)
            written.append(words)

    bench.run(drive)
    assert given(bench.descriptors[0]).keys() == expected(written[0]).keys()
    assert [given(d) for d in bench.descriptors] == [expected(words) for words in written]


def test_after_reset(bench):
    async def drive(ctx):
        await bench.check(ctx)
        assert not ctx.get(bench.control.interrupt)

    bench.run(drive)
    assert bench.model.read("ID") == 0x4D584447
    assert not bench.descriptors
    assert not bench.soft_resets
    assert not bench.clears


@pytest.mark.parametrize("cycles", range(1, 5))
def test_reset_at_any_time(bench, cycles):
    """A reset while answers wait, everything is set and an interrupt is pending, leaves nothing of it."""
    control, bus = bench.control, bench.control.bus
    events = (control.job_done, control.failed, control.list_done, control.out_of_range)

    async def drive(ctx):
        await stage(bench, ctx, [0xFFFFFFFF] * len(DESCRIPTOR_REGISTERS))
        await bench.put(ctx, "INTERRUPT_ENABLE", 15)
        await bench.put(ctx, "LIST_ADDRESS_LOW", 0xFFFFFFFF)
        for signal in (*events, bus.awvalid, bus.wvalid, bus.arvalid):
            ctx.set(signal, 1)
        ctx.set(bus.awaddr, REGISTERS["CONTROL"].offset)
        ctx.set(bus.wdata, 3)
        await ctx.tick().repeat(cycles)
        ctx.set(bench.reset, 1)
        await ctx.tick()
        ctx.set(bench.reset, 0)
        for signal in (*events, bus.awvalid, bus.wvalid, bus.arvalid):
            ctx.set(signal, 0)
        assert not ctx.get(bus.bvalid | bus.rvalid | control.interrupt)
        assert not ctx.get(control.soft_reset | control.clear_counters)
        bench.model = RegisterModel(PARAMETERS)
        await bench.check(ctx)
        assert not ctx.get(control.interrupt)

    bench.run(drive)


def test_reads_what_the_engine_says(bench):
    random = rng("status")

    async def drive(ctx):
        for stall in (0, 1, 2, 0, 0, 0):
            await bench.say(ctx, random)
            await bench.check(ctx, stall=stall)

    bench.run(drive)


def test_partial_strobes(bench):
    """Every register, every strobe: what is read of it, of another, and the actions."""
    random = rng("strobes")
    actions = {"soft_resets": 0, "clears": 0}
    rung, lists = 0, []

    async def drive(ctx):
        nonlocal rung
        await stage(
            bench, ctx, [int(word) for word in random.integers(0, 1 << 32, len(DESCRIPTOR_REGISTERS))]
        )
        for name in REGISTERS:
            for strobe in range(16):
                data = int(random.integers(1 << 32))
                response = await bench.put(ctx, name, data, strobe)
                assert response == Response.OKAY.value
                rung += name == "DOORBELL" and strobe != 0
                if name == "LIST_DOORBELL" and strobe:
                    low, high = (bench.model.read(f"LIST_ADDRESS_{half}") for half in ("LOW", "HIGH"))
                    lists.append(high << 32 | low)
                if name == "CONTROL" and strobe & 1:
                    for action, bit in zip(actions, REGISTERS[name].unpack(data).values(), strict=True):
                        actions[action] += bit
                await bench.check(ctx, [name, str(random.choice(list(REGISTERS)))])
        await bench.check(ctx)

    bench.run(drive)
    assert len(bench.descriptors) == rung == len(FULL)
    assert bench.lists == lists
    assert len(lists) == len(FULL)
    assert lists[0] >> 32
    assert actions == {"soft_resets": bench.soft_resets, "clears": bench.clears}
    assert min(actions.values()) > 0


def test_no_strobe_rings_no_doorbell(bench):
    """Bus width converters split writes so; no descriptor is queued, and there is nothing to refuse."""

    async def drive(ctx):
        for accepting, ready in ((1, 1), (0, 1), (1, 0)):
            ctx.set(bench.control.accepting, accepting)
            ctx.set(bench.control.descriptor.ready, ready)
            ctx.set(bench.control.list.ready, ready)
            for name in DOORBELLS:
                assert await bench.put(ctx, name, 0xFFFFFFFF, 0) == Response.OKAY.value

    bench.run(drive)
    assert not bench.descriptors
    assert not bench.lists


@pytest.mark.parametrize("name", DOORBELLS)
@pytest.mark.parametrize(("accepting", "ready"), [(0, 0), (0, 1), (1, 0)])
def test_doorbell_refused(bench, name, accepting, ready):
    """Whether the other one may ring makes no difference."""
    descriptor, lists = bench.control.descriptor.ready, bench.control.list.ready
    own, other = (descriptor, lists) if name == "DOORBELL" else (lists, descriptor)

    async def drive(ctx):
        ctx.set(bench.control.accepting, accepting)
        ctx.set(own, ready)
        for strobe in FULL:
            ctx.set(other, strobe & 1)
            assert await bench.put(ctx, name, 0, strobe) == Response.SLVERR.value
            assert await bench.put(ctx, "INTERRUPT_ENABLE", 0, strobe) == Response.OKAY.value

    bench.run(drive)
    assert not bench.descriptors
    assert not bench.lists


def test_one_doorbell_does_not_ring_the_other(bench):
    """A list may be rung while the queue is full, and a job while none may be."""

    async def drive(ctx):
        await bench.put(ctx, "LIST_ADDRESS_HIGH", 0x12345678)
        await bench.put(ctx, "LIST_ADDRESS_LOW", 0x9ABCDEF0)
        ctx.set(bench.control.descriptor.ready, 0)
        assert await bench.put(ctx, "LIST_DOORBELL", 0) == Response.OKAY.value
        assert (bench.lists, len(bench.descriptors)) == ([0x123456789ABCDEF0], 0)
        ctx.set(bench.control.descriptor.ready, 1)
        ctx.set(bench.control.list.ready, 0)
        assert await bench.put(ctx, "DOORBELL", 0) == Response.OKAY.value
        assert (len(bench.lists), len(bench.descriptors)) == (1, 1)
        await bench.check(ctx, ["LIST_ADDRESS_LOW", "LIST_ADDRESS_HIGH"])

    bench.run(drive)


def test_one_doorbell_each(bench):
    """A doorbell rings once, however long its answer waits, and whichever channel comes first."""
    count = 0

    async def drive(ctx):
        nonlocal count
        for early in (None, "aw", "w"):
            for wait in (1, 4):
                for stall in (0, 1, 5):
                    await bench.put(ctx, "DOORBELL", 0, early=early, wait=wait, stall=stall)
                    count += 1
                    assert len(bench.descriptors) == count

    bench.run(drive)


def test_b_stalled(bench):
    """Reads go on while the answer of a write waits, and see what it wrote."""
    random = rng("b")
    bus = bench.control.bus

    async def drive(ctx):
        for register in DESCRIPTOR_REGISTERS:
            data = int(random.integers(1 << 32))
            bench.model.write(register.name, data)
            ctx.set(bus.awaddr, register.offset)
            ctx.set(bus.wdata, data)
            ctx.set(bus.wstrb, 15)
            ctx.set(bus.awvalid, 1)
            ctx.set(bus.wvalid, 1)
            await ctx.tick()
            # The next write waits for this one's answer.
            ctx.set(bus.wdata, ~data & 0xFFFFFFFF)
            await bench.check(ctx, [register.name], stall=3)
            ctx.set(bus.awvalid, 0)
            ctx.set(bus.wvalid, 0)
            assert ctx.get(bus.bvalid)
            assert ctx.get(bus.bresp) == Response.OKAY.value
            ctx.set(bus.bready, 1)
            await ctx.tick()
            ctx.set(bus.bready, 0)

    bench.run(drive)


def test_r_stalled(bench):
    """Writes go on while an answer waits, and do not change it."""
    random = rng("r")

    async def drive(ctx):
        for register in DESCRIPTOR_REGISTERS:
            before = bench.model.read(register.name)

            async def overwrite(ctx, name=register.name):
                await bench.put(ctx, name, int(random.integers(1 << 32)), stall=2)

            for stall in (0, 3):
                before = bench.model.read(register.name)
                assert await bench.read(ctx, register.offset, stall=stall, meanwhile=overwrite) == before
            await bench.check(ctx, [register.name])

    bench.run(drive)


def test_no_register_there(bench):
    """Addresses without a register read 0, whatever was written, and change no other."""
    offsets = {register.offset for register in REGISTERS.values()}

    async def drive(ctx):
        await stage(bench, ctx, range(1, 1 + len(DESCRIPTOR_REGISTERS)))
        for offset in range(0, 1 << ADDRESS_SPACE_BITS, 4):
            near = offset < 0x200 or offset & (offset - 1) == 0
            if offset not in offsets and near:
                assert await bench.write(ctx, offset, 0xFFFFFFFF) == Response.OKAY.value
                assert await bench.read(ctx, offset) == 0
        await bench.check(ctx)

    bench.run(drive)
    assert not bench.descriptors
    assert not bench.soft_resets
    assert not bench.clears


def test_every_register_is_known():
    """The table has what this bench knows: a new kind of access, or a new register to write, needs a test."""
    written = {name for name, register in REGISTERS.items() if register.access is Access.WRITE}
    assert written == {"CONTROL", *DOORBELLS}
    assert {name for name, r in REGISTERS.items() if r.access is Access.CLEAR} == {"INTERRUPT_STATUS"}
