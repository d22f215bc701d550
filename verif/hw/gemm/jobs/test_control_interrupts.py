"""The registers of interrupts over AXI4-Lite: events, what clears them, what enables them."""

import pytest

from golden.engine import REGISTERS
from verif.hw.gemm.jobs.control_bench import PARAMETERS, ControlBench


def _events(control):
    """In the order of their bits."""
    return control.job_done, control.failed, control.list_done, control.out_of_range


@pytest.fixture
def bench():
    return ControlBench(PARAMETERS)


@pytest.mark.parametrize("strobe", [0b1111, 0b0001, 0b1110, 0])
def test_event_and_clear_in_one_cycle(bench, strobe):
    """An event is never lost: a write in its very cycle clears only what was there before."""
    control, model = bench.control, bench.model
    used = REGISTERS["INTERRUPT_STATUS"].used
    signals = _events(control)

    def events(value):
        def toggle(ctx):
            on = not any(ctx.get(signal) for signal in signals)
            for n, signal in enumerate(signals):
                ctx.set(signal, value >> n & 1 if on else 0)

        return toggle

    async def pulse(ctx, value):
        events(value)(ctx)
        await ctx.tick()
        events(0)(ctx)
        model.held["INTERRUPT_STATUS"] |= value

    async def drive(ctx):
        for old in range(16):
            for clear in (0, used, 5, 8):
                for value in range(16):
                    await bench.put(ctx, "INTERRUPT_STATUS", used)
                    await pulse(ctx, old)
                    await bench.put(ctx, "INTERRUPT_STATUS", clear, strobe, meanwhile=events(value))
                    model.held["INTERRUPT_STATUS"] |= value
                    await bench.check(ctx, ["INTERRUPT_STATUS"])

    bench.run(drive)


def test_interrupt(bench):
    """It is high while an enabled event is pending, a cycle late."""
    control, used = bench.control, REGISTERS["INTERRUPT_STATUS"].used

    async def drive(ctx):
        for pending in range(16):
            for enabled in (*range(16), 0xFFFFFFF0, 0xFFFFFFFF):
                await bench.put(ctx, "INTERRUPT_ENABLE", 0)
                await bench.put(ctx, "INTERRUPT_STATUS", 0xFFFFFFFF)
                signals = _events(control)
                for n, signal in enumerate(signals):
                    ctx.set(signal, pending >> n & 1)
                await ctx.tick()
                for signal in signals:
                    ctx.set(signal, 0)
                bench.model.held["INTERRUPT_STATUS"] = pending
                assert not ctx.get(control.interrupt)
                await bench.put(ctx, "INTERRUPT_ENABLE", enabled, stall=1)
                assert ctx.get(control.interrupt) == int(pending & enabled & used != 0)
                await bench.check(ctx, ["INTERRUPT_STATUS", "INTERRUPT_ENABLE"])
                await bench.put(ctx, "INTERRUPT_STATUS", pending, stall=1)
                assert not ctx.get(control.interrupt)

    bench.run(drive)
