"""From the registers to a job that starts: what software sees of the queue, of errors and of soft resets."""

from amaranth.hdl import Module, ResetInserter
from amaranth.lib import wiring

from golden.engine import DESCRIPTOR_REGISTERS, REGISTERS, EngineParameters, ErrorCode
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
    """The way of a descriptor from the registers to the datapath, which never finishes a job."""

    def __init__(self, control):
        self.control = control
        super().__init__({})

    def elaborate(self, platform):
        m = Module()
        geometry = Geometry(PARAMETERS)
        m.submodules.control = control = self.control
        m.submodules.supervisor = supervisor = Supervisor(geometry=geometry)
        cleared = ResetInserter(supervisor.clear)
        lists = ListFetch(data_bits=PARAMETERS.data_bits, address_bits=PARAMETERS.address_bits)
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
