"""When jobs start, what is counted, and how errors and soft resets stop the engine."""

import numpy as np
import pytest

from golden.engine import ErrorCode
from hw.axi.signatures import Response
from hw.gemm.jobs.job import MOST_BESIDE
from verif.hw.gemm.jobs.supervisor_bench import PARAMETERS, SupervisorBench
from verif.runner import seed

MOST_LISTS = PARAMETERS.queue_depth + 6
"""That can be begun and not done."""

EVENTS = ("submitted", "job_done", "soft_reset", "bad_permutation")

BUS_ERRORS = {
    "read_error": (ErrorCode.READ_SLAVE_ERROR, ErrorCode.READ_DECODE_ERROR),
    "write_error": (ErrorCode.WRITE_SLAVE_ERROR, ErrorCode.WRITE_DECODE_ERROR),
}


@pytest.fixture
def bench():
    return SupervisorBench()


def test_counts(bench):
    rng = np.random.default_rng([seed(), 1])

    async def drive(ctx):
        submitted = done = 0
        bench.check_new(ctx)
        for _ in range(400):
            events = [0, 0]
            events[0] = int(submitted < done + 70 and rng.random() < 0.7)
            events[1] = int(submitted > done and rng.random() < 0.5)
            await bench.pulse(ctx, *(name for name, on in zip(EVENTS, events, strict=False) if on))
            submitted, done = submitted + events[0], done + events[1]
            left = submitted - done
            expected = [int(left > 0), max(0, left - 1), submitted, done]
            assert bench.status(ctx, "busy", "waiting", "submitted", "done") == expected
        assert done > 100

    bench.run(drive)
    assert bench.fails == bench.clears == 0


def test_jobs_start(bench):
    """Three at a time, fewer for those that depend on one before; room and done in one cycle."""

    async def drive(ctx):
        await ctx.tick().repeat(2)
        assert not ctx.get(bench.top.job.valid)
        ctx.set(bench.top.job.ready, 0)
        ctx.set(bench.top.checked.valid, 1)
        for _ in range(3):
            await ctx.tick()
            assert ctx.get(bench.top.job.valid)
            assert not ctx.get(bench.top.checked.ready)
        ctx.set(bench.top.job.ready, 1)
        assert ctx.get(bench.top.checked.ready)
        await ctx.tick()
        bench.withdraw(ctx)
        assert not ctx.get(bench.top.job.valid)
        assert not await bench.offer(ctx, beside=0)
        await ctx.tick().repeat(3)
        await bench.start(ctx, beside=1)
        for beside in (0, 1):
            assert not await bench.offer(ctx, beside=beside)
        await bench.start(ctx)
        for beside in (0, 1, 2):
            assert not await bench.offer(ctx, beside=beside)
        bench.withdraw(ctx)
        await bench.pulse(ctx, "job_done")
        await bench.pulse(ctx, "job_done")
        # One ends in the cycle in which the next begins: one is under way still.
        assert await bench.offer(ctx, beside=1)
        await bench.pulse(ctx, "job_done")
        bench.withdraw(ctx)
        assert not await bench.offer(ctx, beside=0)
        await bench.start(ctx, beside=1)
        assert not await bench.offer(ctx, beside=1)
        await bench.start(ctx)
        assert not await bench.offer(ctx)
        for _ in range(3):
            bench.withdraw(ctx)
            await bench.pulse(ctx, "job_done")
        await bench.start(ctx, beside=0)
        assert not await bench.offer(ctx, beside=0)

    bench.run(drive)


def test_lists_are_done_with_their_last_jobs(bench):
    """Whatever starts and ends in the same cycle, and however many lists wait."""
    rng = np.random.default_rng([seed(), 3])
    top = bench.top
    under_way, left = [], 0  # whether each job ends a list; lists that are begun and not done
    seen = {"list": 0, "other": 0, "both": 0}

    async def drive(ctx):
        nonlocal left
        done = offers = ends_list = 0
        ctx.set(top.checked.p.beside, MOST_BESIDE)
        for _ in range(1500):
            begins = int(left < MOST_LISTS and rng.random() < 0.3)
            if not offers:
                offers = int(rng.random() < 0.6)
                ends_list = int(rng.random() < 0.4 and left + begins > sum(under_way))
            job_done = int(len(under_way) > 0 and rng.random() < 0.3)
            ctx.set(top.checked.p.ends_list, ends_list)
            ctx.set(top.checked.valid, offers)
            ctx.set(top.list_begun, begins)
            ctx.set(top.job_done, job_done)
            expected = job_done and under_way[0]
            assert ctx.get(top.list_done) == expected
            starts = ctx.get(top.job.valid & top.job.ready)
            seen["both"] += starts and job_done
            if job_done:
                seen["list" if under_way.pop(0) else "other"] += 1
            if starts:
                under_way.append(ends_list)
                offers = 0
            left, done = left + begins - expected, done + expected
            await ctx.tick()
            assert bench.status(ctx, "list", "lists_done") == [int(left > 0), done]
            assert ctx.get(top.status.busy) >= (left > 0)
        for name in ("checked", "list_begun", "job_done"):
            port = getattr(top, name)
            ctx.set(port.valid if name == "checked" else port, 0)
        for _ in under_way:
            await bench.pulse(ctx, "job_done")
        await bench.pulse(ctx, "list_begun")
        await bench.start(ctx, ends_list=1)
        assert bench.status(ctx, "list") == [1]
        await bench.reset(ctx)
        await bench.start(ctx)
        await bench.pulse(ctx, "job_done")
        assert bench.status(ctx, "list", "lists_done") == [0, 0]

    bench.run(drive)
    assert min(seen.values()) > 20, seen


@pytest.mark.parametrize("jobs", [0, 2])
def test_misplaced_entry(bench, jobs):
    """It takes effect when the jobs before it are done, with the entry's address."""

    async def drive(ctx):
        ctx.set(bench.top.list_address, 0xFEDCBA9876543210)
        for _ in range(jobs):
            await bench.start(ctx)
        for _ in range(jobs):
            assert not await bench.offer(ctx, fault=ErrorCode.LIST)
            await bench.pulse(ctx, "job_done")
        assert not await bench.offer(ctx, fault=ErrorCode.LIST)
        await ctx.tick()
        expected = [1, ErrorCode.LIST, 0xFEDCBA9876543210]
        assert bench.status(ctx, "error", "code", "address") == expected
        await bench.stopped(ctx)
        assert bench.status(ctx, "error", "code", "address") == expected
        bench.withdraw(ctx)
        await bench.reset(ctx)
        await bench.bus_error(ctx, "write_error", Response.SLVERR, 0x40)
        assert bench.status(ctx, "code", "address") == [ErrorCode.WRITE_SLAVE_ERROR, 0x40]

    bench.run(drive)


def test_job_is_passed_on(bench):
    async def drive(ctx):
        value = int.from_bytes(np.random.default_rng([seed(), 2]).bytes(64))
        job = bench.top.checked.p.job.as_value()
        value &= (1 << len(job)) - 1
        ctx.set(job, value)
        assert ctx.get(bench.top.job.p.as_value()) == value

    bench.run(drive)


@pytest.mark.parametrize("jobs", [0, 1, 2])
def test_faulty_descriptor(bench, jobs):
    """It takes effect when the jobs before it are done, and is not started."""

    async def drive(ctx):
        for _ in range(jobs):
            await bench.start(ctx)
        for _ in range(jobs):
            assert not await bench.offer(ctx, fault=ErrorCode.B_PITCH)
            await ctx.tick().repeat(2)
            assert bench.status(ctx, "error", "code") == [0, 0]
            await bench.pulse(ctx, "job_done")
        assert not await bench.offer(ctx, fault=ErrorCode.B_PITCH)
        await ctx.tick()
        assert bench.status(ctx, "error", "code", "address") == [1, ErrorCode.B_PITCH, 0]
        assert ctx.get(bench.top.stop)
        await bench.stopped(ctx)
        assert bench.status(ctx, "error", "code") == [1, ErrorCode.B_PITCH]
        await ctx.tick().repeat(2)
        assert bench.fails == 1
        bench.withdraw(ctx)
        await bench.reset(ctx)
        await bench.start(ctx)
        await bench.start(ctx)

    bench.run(drive)
    assert bench.fails == 1


@pytest.mark.parametrize("name", BUS_ERRORS)
@pytest.mark.parametrize("response", [Response.SLVERR, Response.DECERR])
def test_bus_error(bench, name, response):
    code = BUS_ERRORS[name][response is Response.DECERR]

    async def drive(ctx):
        await bench.start(ctx)
        await bench.bus_error(ctx, name, response, 0xFEDCBA9876)
        expected = [1, code, 0xFEDCBA9876]
        assert bench.status(ctx, "error", "code", "address") == expected
        # What ends after it changes nothing.
        other = next(other for other in BUS_ERRORS if other != name)
        await bench.bus_error(ctx, other, Response.SLVERR, 0x1234, "bad_permutation")
        assert bench.status(ctx, "error", "code", "address") == expected
        assert not await bench.offer(ctx)
        await bench.stopped(ctx)
        assert bench.fails == 0
        await ctx.tick().repeat(4)
        assert bench.status(ctx, "error", "code", "address") == expected
        assert not ctx.get(bench.top.accepting)
        assert ctx.get(bench.top.stop)
        assert not await bench.offer(ctx)
        assert bench.fails == 1
        bench.withdraw(ctx)
        await bench.reset(ctx)
        await bench.start(ctx, beside=0)  # the job before the reset is forgotten

    bench.run(drive)
    assert bench.fails == 1


def test_permutation(bench):
    async def drive(ctx):
        await bench.start(ctx)
        await bench.pulse(ctx, "bad_permutation")
        assert bench.status(ctx, "error", "code", "address") == [1, ErrorCode.PERMUTATION, 0]
        await bench.stopped(ctx)
        await bench.reset(ctx)

    bench.run(drive)
    assert bench.fails == 1


def test_errors_of_one_cycle(bench):
    """One of them is told, with the address that belongs to it."""

    async def drive(ctx):
        for events, names, code, address in (
            (("bad_permutation",), ("read_error",), ErrorCode.READ_SLAVE_ERROR, 0x100),
            (("bad_permutation",), ("write_error",), ErrorCode.WRITE_SLAVE_ERROR, 0x200),
            (("bad_permutation",), (), ErrorCode.PERMUTATION, 0),
            ((), ("read_error", "write_error"), ErrorCode.WRITE_SLAVE_ERROR, 0x200),
        ):
            ctx.set(bench.top.list_address, 0x300)
            await bench.offer(ctx, fault=ErrorCode.LIST)
            for name in names:
                error = getattr(bench.top, name)
                place = 0x100 if name == "read_error" else 0x200
                ctx.set(error.p, {"response": Response.SLVERR.value, "address": place})
                ctx.set(error.valid, 1)
            await bench.pulse(ctx, *events)
            for name in names:
                ctx.set(getattr(bench.top, name).valid, 0)
            bench.withdraw(ctx)
            assert bench.status(ctx, "code", "address") == [code, address]
            await bench.stopped(ctx)
            await bench.reset(ctx)

    bench.run(drive)


def test_soft_reset(bench):
    """Jobs are dropped without an error, and nothing starts meanwhile."""

    async def drive(ctx):
        for _ in range(3):
            await bench.pulse(ctx, "submitted")
        await bench.start(ctx)
        await bench.start(ctx)
        await bench.pulse(ctx, "job_done")
        await bench.pulse(ctx, "soft_reset")
        assert bench.status(ctx, "resetting", "error", "submitted", "done") == [1, 0, 3, 1]
        assert not await bench.offer(ctx)
        assert not await bench.offer(ctx, fault=ErrorCode.SIZE)
        await bench.bus_error(ctx, "read_error", Response.SLVERR, 4)
        bench.withdraw(ctx)
        assert bench.status(ctx, "error", "code") == [0, 0]
        await bench.stopped(ctx)
        bench.check_new(ctx)
        await bench.start(ctx, beside=0)

    bench.run(drive)
    assert bench.fails == 0


@pytest.mark.parametrize("cycle", range(7))
def test_soft_reset_while_stopping(bench, cycle):
    """A soft reset in any cycle after an error ends in an engine as new."""

    async def drive(ctx):
        await bench.start(ctx)
        await bench.pulse(ctx, "submitted")
        ctx.set(bench.top.bad_permutation, 1)
        for n in range(16):
            ctx.set(bench.top.soft_reset, n == cycle)
            ctx.set(bench.top.bus_idle, n in (2, 8, 9))
            await ctx.tick()
            ctx.set(bench.top.bad_permutation, 0)
            if cycle <= n < 8:
                early = cycle < 4 and n >= 3 and ctx.get(bench.top.accepting)
                assert ctx.get(bench.top.status.resetting) or early
        bench.check_new(ctx)
        await bench.start(ctx, beside=0)

    bench.run(drive)
    # Before the engine has stopped, a soft reset takes the place of the error's event.
    assert bench.fails == (0 if cycle < 3 else 1)


def test_second_soft_reset_while_clearing(bench):
    async def drive(ctx):
        await bench.pulse(ctx, "soft_reset")
        ctx.set(bench.top.bus_idle, 1)
        await ctx.tick().repeat(1)
        while not ctx.get(bench.top.clear):
            await ctx.tick()
        await bench.pulse(ctx, "soft_reset")
        await ctx.tick().repeat(4)
        bench.check_new(ctx)

    bench.run(drive)
