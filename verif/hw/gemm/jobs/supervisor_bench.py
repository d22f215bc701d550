"""A supervisor with what surrounds it."""

from golden.engine import EngineParameters
from hw.gemm.geometry import Geometry
from hw.gemm.jobs.job import MOST_BESIDE
from hw.gemm.jobs.supervisor import Supervisor
from verif.simulation import simulate

PARAMETERS = EngineParameters(k_blocks=4)


class SupervisorBench:
    """A ``Supervisor``; ``fails`` and ``clears`` count the cycles of these outputs."""

    def __init__(self):
        self.top = Supervisor(geometry=Geometry(PARAMETERS))
        self.fails = self.clears = 0

    def run(self, drive):
        async def record(ctx):
            async for *_, failed, clear in ctx.tick().sample(self.top.failed, self.top.clear):
                self.fails += failed
                self.clears += clear

        async def start(ctx):
            ctx.set(self.top.job.ready, 1)
            await drive(ctx)

        simulate(self.top, start, background=(record,))

    async def pulse(self, ctx, *events):
        """These events in one cycle."""
        for event in events:
            ctx.set(getattr(self.top, event), 1)
        await ctx.tick()
        for event in events:
            ctx.set(getattr(self.top, event), 0)

    async def bus_error(self, ctx, name, response, address, *events):
        error = getattr(self.top, name)
        ctx.set(error.p, {"response": response.value, "address": address})
        ctx.set(error.valid, 1)
        await self.pulse(ctx, *events)
        ctx.set(error.valid, 0)

    async def offer(self, ctx, *, fault=0, beside=MOST_BESIDE, ends_list=0):
        """A checked job; whether it starts in the cycle after this one."""
        ctx.set(self.top.checked.p.ends_list, ends_list)
        ctx.set(self.top.checked.p.fault, fault)
        ctx.set(self.top.checked.p.beside, beside)
        ctx.set(self.top.checked.valid, 1)
        await ctx.tick()
        assert ctx.get(self.top.job.valid) == ctx.get(self.top.checked.ready)
        return ctx.get(self.top.job.valid)

    def withdraw(self, ctx):
        """No checked job."""
        ctx.set(self.top.checked.valid, 0)

    async def start(self, ctx, **options):
        """Start a job."""
        assert await self.offer(ctx, **options)
        await ctx.tick()
        self.withdraw(ctx)
        assert not ctx.get(self.top.job.valid)

    def status(self, ctx, *names):
        return [ctx.get(getattr(self.top.status, name)) for name in names]

    async def stopped(self, ctx):
        """From an error on: the bus is awaited, then all is cleared, for one cycle."""
        before = self.clears
        for _ in range(3):
            assert ctx.get(self.top.stop)
            assert not ctx.get(self.top.accepting | self.top.clear | self.top.status.busy)
            await ctx.tick()
        ctx.set(self.top.bus_idle, 1)
        await ctx.tick()
        ctx.set(self.top.bus_idle, 0)
        assert ctx.get(self.top.clear)
        await ctx.tick()
        assert not ctx.get(self.top.clear)
        assert self.clears == before + 1

    async def reset(self, ctx):
        """A soft reset, to the end, after which everything is as new."""
        await self.pulse(ctx, "soft_reset")
        assert ctx.get(self.top.status.resetting)
        await ctx.tick()
        await self.stopped(ctx)
        self.check_new(ctx)

    def check_new(self, ctx):
        assert ctx.get(self.top.accepting)
        assert not ctx.get(self.top.stop)
        assert not ctx.get(self.top.status.as_value().any())
