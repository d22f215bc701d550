"""From the registers to a job that starts: what software sees of the queue, of errors and of soft resets."""

from dataclasses import replace

import pytest
from amaranth.hdl import Module, ResetInserter
from amaranth.lib import wiring

from golden.engine import DESCRIPTOR_REGISTERS, REGISTERS, EngineParameters, Entry, ErrorCode
from hw.axi.signatures import Response
from hw.gemm.geometry import Geometry
from hw.gemm.jobs.descriptor import queued_descriptor_layout
from hw.gemm.jobs.descriptor_check import DescriptorCheck
from hw.gemm.jobs.list_fetch import ListFetch
from hw.gemm.jobs.supervisor import Supervisor
from hw.stream.queue import Queue
from verif.hw.gemm.jobs.control_bench import ControlBench
from verif.hw.gemm.jobs.descriptor_limits import PRODUCT
from verif.simulation import simulate

PARAMETERS = EngineParameters(k_blocks=4)


class Front(wiring.Component):
    """The way of a descriptor from the registers to the datapath; the bench says when a job is done."""

    def __init__(self, control):
        self.control = control
        self.supervisor = Supervisor(geometry=Geometry(PARAMETERS))
        self.lists = ListFetch(data_bits=PARAMETERS.data_bits, address_bits=PARAMETERS.address_bits)
        super().__init__({})

    def elaborate(self, platform):
        m = Module()
        geometry = Geometry(PARAMETERS)
        m.submodules.control = control = self.control
        m.submodules.supervisor = supervisor = self.supervisor
        cleared = ResetInserter(supervisor.clear)
        lists = self.lists
        queue = Queue(shape=queued_descriptor_layout(), depth=PARAMETERS.queue_depth)
        check = DescriptorCheck(geometry=geometry)
        m.submodules.lists, m.submodules.queue, m.submodules.check = map(cleared, (lists, queue, check))
        wiring.connect(m, control.descriptor, lists.i)
        wiring.connect(m, control.list, lists.list)
        wiring.connect(m, lists.o, queue.i)
        wiring.connect(m, queue.o, check.i)
        wiring.connect(m, check.o, supervisor.checked)
        m.d.comb += [
            control.accepting.eq(supervisor.accepting),
            control.status.eq(supervisor.status),
            control.failed.eq(supervisor.failed),
            control.job_done.eq(supervisor.job_done),
            control.list_done.eq(supervisor.list_done),
            lists.stop.eq(supervisor.stop),
            supervisor.submitted.eq(lists.submitted),
            supervisor.list_begun.eq(control.list.valid),
            supervisor.list_address.eq(lists.address),
            supervisor.soft_reset.eq(control.soft_reset),
            supervisor.bus_idle.eq(1),
            supervisor.job.ready.eq(1),
        ]
        return m


def test_registers_after_a_soft_reset():
    """It drops jobs and errors; the staged descriptor and the interrupts stay."""
    bench = ControlBench(PARAMETERS)
    front = Front(bench.control)

    async def drive(ctx):
        await bench.put(ctx, "INTERRUPT_ENABLE", 3)
        await bench.put(ctx, "M", 5)  # all else 0: K is a bad size
        for _ in range(3):
            assert await bench.put(ctx, "DOORBELL", 0) == Response.OKAY.value
        await ctx.tick().repeat(400)
        fields = REGISTERS["STATUS"].unpack(await bench.read(ctx, REGISTERS["STATUS"].offset))
        waiting = {"list": 0, "fetching": 0, "waiting": 2}
        assert fields == {"busy": 0, "full": 1, "error": 1, "resetting": 0, **waiting}
        assert await bench.read(ctx, REGISTERS["ERROR_CODE"].offset) == ErrorCode.SIZE
        assert await bench.put(ctx, "DOORBELL", 0) == Response.SLVERR.value
        bench.model.said["JOBS_SUBMITTED"] = 3
        await bench.check(ctx, ["JOBS_SUBMITTED", "JOBS_DONE", "ERROR_ADDRESS_LOW", "M", "K"])
        await bench.put(ctx, "CONTROL", 1)
        await ctx.tick().repeat(8)
        bench.model.said["JOBS_SUBMITTED"] = 0
        bench.model.held["INTERRUPT_STATUS"] = 2
        await bench.check(ctx)

    simulate(front, drive)


class ListMemory:
    """Answers the fetcher's reads: entries by address, each after ``latency`` cycles."""

    def __init__(self, lists, entries, latency=10):
        self.lists, self.entries, self.latency = lists, entries, latency
        self.reads = 0

    async def run(self, ctx):
        read, beat, size = self.lists.read, self.lists.beat, PARAMETERS.data_bits // 8
        ctx.set(read.ready, 1)
        while True:
            *_, valid, address = await ctx.tick().sample(read.valid, read.p)
            if not valid:
                continue
            self.reads += 1
            ctx.set(read.ready, 0)
            await ctx.tick().repeat(self.latency)
            content = self.entries[address].encode().tobytes()
            for start in range(0, len(content), size):
                data = int.from_bytes(content[start : start + size], "little")
                ctx.set(beat.p, {"data": data, "first": 0, "last": start + size == len(content)})
                ctx.set(beat.valid, 1)
                await ctx.tick()
            ctx.set(beat.valid, 0)
            ctx.set(read.ready, 1)


def test_what_software_sees_of_lists():
    """STATUS, doorbells and counts, from the doorbell of a list to the end of the next one's last job."""
    bench = ControlBench(PARAMETERS)
    front = Front(bench.control)
    count = PARAMETERS.queue_depth + 6  # more than the queue and what is behind it hold
    addresses = [0x1000 - 0x80 * n for n in range(count)]
    entries = {
        address: Entry(descriptor=replace(PRODUCT, d_address=PRODUCT.d_address + 0x1000 * n), following=link)
        for n, (address, link) in enumerate(zip(addresses, [*addresses[1:], 0], strict=True))
    }
    entries[0x2000] = Entry(descriptor=PRODUCT)

    async def status(ctx):
        return REGISTERS["STATUS"].unpack(await bench.read(ctx, REGISTERS["STATUS"].offset))

    async def value(ctx, name):
        return await bench.read(ctx, REGISTERS[name].offset)

    async def finish(ctx, jobs):
        for _ in range(jobs):
            ctx.set(front.supervisor.job_done, 1)
            await ctx.tick()
            ctx.set(front.supervisor.job_done, 0)
            await ctx.tick().repeat(400)

    async def drive(ctx):
        await bench.put(ctx, "LIST_ADDRESS_LOW", addresses[0])
        assert await bench.put(ctx, "LIST_DOORBELL", 0) == Response.OKAY.value
        now = await status(ctx)
        assert [now[name] for name in ("busy", "full", "list", "fetching", "waiting")] == [1, 1, 1, 1, 0]
        for doorbell in ("DOORBELL", "LIST_DOORBELL"):
            assert await bench.put(ctx, doorbell, 0) == Response.SLVERR.value
        await ctx.tick().repeat(4000)
        most = PARAMETERS.queue_depth + 4  # as many as STATUS.waiting counts, and the job in progress
        assert await value(ctx, "JOBS_SUBMITTED") == most
        now = await status(ctx)
        assert [now[name] for name in ("full", "list", "fetching", "waiting")] == [1, 1, 1, most - 1]
        await finish(ctx, 1)
        assert (await status(ctx))["fetching"] == 1
        await finish(ctx, 1)
        now = await status(ctx)
        assert [now[name] for name in ("full", "list", "fetching")] == [1, 1, 0]
        assert await value(ctx, "JOBS_SUBMITTED") == count
        await bench.put(ctx, "LIST_ADDRESS_LOW", 0x2000)
        assert await bench.put(ctx, "LIST_DOORBELL", 0) == Response.OKAY.value
        await finish(ctx, count - 3)
        assert await value(ctx, "INTERRUPT_STATUS") == 1
        now = await status(ctx)
        assert [now[name] for name in ("busy", "full", "list", "fetching", "waiting")] == [1, 0, 1, 0, 1]
        await finish(ctx, 1)
        assert [await value(ctx, name) for name in ("INTERRUPT_STATUS", "LISTS_DONE")] == [5, 1]
        await bench.put(ctx, "INTERRUPT_STATUS", 7)
        assert (await status(ctx))["list"] == 1
        await finish(ctx, 1)
        assert [await value(ctx, name) for name in ("INTERRUPT_STATUS", "LISTS_DONE")] == [5, 2]
        assert await status(ctx) == dict.fromkeys(REGISTERS["STATUS"].unpack(0), 0)
        assert await value(ctx, "JOBS_SUBMITTED") == await value(ctx, "JOBS_DONE") == count + 1

    memory = ListMemory(front.lists, entries)
    simulate(front, drive, background=(memory.run,))
    assert memory.reads == count + 1


@pytest.mark.parametrize("jobs", [0, 2])
def test_a_list_that_leads_nowhere(jobs):
    """The jobs before are done; code, address and counts stay until a soft reset."""
    bench = ControlBench(PARAMETERS)
    front = Front(bench.control)
    bad = 1 << 63 | 0x40
    links = [0x1080, bad]
    entries = {
        0x1000 + 0x80 * n: Entry(
            descriptor=replace(PRODUCT, d_address=PRODUCT.d_address + 0x1000 * n), following=link
        )
        for n, link in enumerate(links)
    }

    async def drive(ctx):
        first = 0x1000 if jobs else bad
        await bench.put(ctx, "LIST_ADDRESS_LOW", first & 0xFFFFFFFF)
        await bench.put(ctx, "LIST_ADDRESS_HIGH", first >> 32)
        assert await bench.put(ctx, "LIST_DOORBELL", 0) == Response.OKAY.value
        await ctx.tick().repeat(1000)
        for _ in range(jobs):
            assert await bench.read(ctx, REGISTERS["ERROR_CODE"].offset) == 0
            ctx.set(front.supervisor.job_done, 1)
            await ctx.tick()
            ctx.set(front.supervisor.job_done, 0)
            await ctx.tick().repeat(20)
        fields = REGISTERS["STATUS"].unpack(await bench.read(ctx, REGISTERS["STATUS"].offset))
        assert fields == dict.fromkeys(fields, 0) | {"error": 1, "full": 1}
        assert await bench.put(ctx, "LIST_DOORBELL", 0) == Response.SLVERR.value
        counts = {"JOBS_SUBMITTED": jobs, "JOBS_DONE": jobs, "ERROR_CODE": ErrorCode.LIST}
        places = {"ERROR_ADDRESS_LOW": bad & 0xFFFFFFFF, "ERROR_ADDRESS_HIGH": bad >> 32}
        bench.model.said |= counts | places
        await bench.check(ctx, [*counts, *places, "LISTS_DONE"])
        await bench.put(ctx, "CONTROL", 1)
        await ctx.tick().repeat(8)
        bench.model.said |= dict.fromkeys([*counts, *places], 0)
        await bench.check(ctx, [*counts, *places, "LISTS_DONE", "STATUS", "LIST_ADDRESS_LOW"])

    simulate(front, drive, background=(ListMemory(front.lists, entries).run,))


def test_most_waiting():
    """STATUS.waiting counts to what the register table says, and then STATUS.full is set."""
    bench = ControlBench(PARAMETERS)
    fields = REGISTERS["STATUS"]

    async def status(ctx):
        return fields.unpack(await bench.read(ctx, fields.offset))

    async def drive(ctx):
        for register, word in zip(DESCRIPTOR_REGISTERS, PRODUCT.words(), strict=True):
            await bench.put(ctx, register.name, word)
        waiting = []  # none of these jobs depends on the one before
        while not (await status(ctx))["full"]:
            await bench.put(ctx, "D_ADDRESS_LOW", PRODUCT.d_address + 0x1000 * len(waiting))
            assert await bench.put(ctx, "DOORBELL", 0) == Response.OKAY.value
            await ctx.tick().repeat(400)
            waiting.append((await status(ctx))["waiting"])
        assert await bench.put(ctx, "DOORBELL", 0) == Response.SLVERR.value
        most = PARAMETERS.queue_depth + 3
        assert f"queue_depth + {most - PARAMETERS.queue_depth}" in fields["waiting"].meaning
        assert waiting == [*range(most + 1)]

    simulate(Front(bench.control), drive)
