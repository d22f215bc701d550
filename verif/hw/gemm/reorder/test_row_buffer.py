"""Rows behind their factors: as they were, in order, whoever stalls, and as fast as they are summed."""

import random
from dataclasses import dataclass, field

import numpy as np
import pytest

from golden.formats import BLOCK_SIZE
from golden.functions.exponential import has_largest
from golden.functions.norm import row_statistics, scaled_epsilon
from golden.rounding import flush
from hw.functions.row_statistics import RowStatistics
from hw.gemm.reorder.row_buffer import RowBuffer
from verif.golden.functions.patterns import from_bits
from verif.golden.samples import bits
from verif.hw.functions.rows import tried_rows
from verif.simulation import simulate

NAN = 0x7FC00000
MINUS_INFINITY = 0xFF800000


def factors_of(
    rows: list[np.ndarray], *, eps: float, mean: bool, exponential: bool = False
) -> list[tuple[int, int]]:
    """What golden makes of rows; the offset of a row with an infinity or a NaN counts for nothing."""
    found = []
    for row in rows:
        x = from_bits(row)[None]
        if exponential:
            good = has_largest(x).item()
            found.append((0x3F800000, int(bits(0 - flush(x).max()).item())) if good else (NAN, 0))
        elif np.isfinite(x).all():
            values = row_statistics(x, epsilon=scaled_epsilon(eps, row.size), mean=mean)
            found.append(tuple(int(bits(value)[0, 0]) for value in values))
        else:
            found.append((NAN, 0))
    return found


@dataclass(frozen=True)
class Job:
    """Rows of one width, and how they are passed; ``stalls`` says how rarely each side goes."""

    rows: list[np.ndarray]
    eps: float = 1e-6
    mean: bool = True
    exponential: bool = False
    stalls: dict[str, float] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return self.rows[0].size

    @property
    def blocks(self) -> int:
        return -(-self.width // BLOCK_SIZE)

    def set_up(self, ctx, core) -> None:
        ctx.set(core.width, self.width)
        ctx.set(core.mean, self.mean)
        ctx.set(core.exponential, self.exponential)
        ctx.set(core.epsilon.as_value(), int(scaled_epsilon(self.eps, self.width).view(np.uint32)))


@dataclass
class Passed:
    """What leaves of a job: rows, their factors, in which cycle each row ends, and errors told."""

    rows: list[list[int]] = field(default_factory=list)
    factors: list[tuple[int, int]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    errors: int = 0


def passed(core, *jobs: Job, rng=None) -> list[Passed]:
    """What leaves of each job, one after the other; it must be what went in, with golden's factors."""
    rng = rng or random.Random(1)
    made: list[Passed] = []
    cycle = 0

    async def send(ctx):
        for number, job in enumerate(jobs):
            while len(made) <= number:
                await ctx.tick()
            await ctx.tick().repeat(2)
            behind = MINUS_INFINITY if job.exponential else 0
            for row in job.rows:
                padded = np.append(row, np.full(-job.width % BLOCK_SIZE, behind, np.uint32))
                for n, block in enumerate(padded.reshape(-1, BLOCK_SIZE)):
                    while rng.random() < job.stalls.get("i", 0):
                        await ctx.tick()
                    ctx.set(core.i.p.values, block.tolist())
                    ctx.set(core.i.p.last, n == job.blocks - 1)
                    ctx.set(core.i.valid, 1)
                    await ctx.tick().until(core.i.ready)
                    ctx.set(core.i.valid, 0)

    async def receive(ctx):
        """As ``Reorder`` does: once ready until a row's last block."""
        nonlocal cycle
        for job in jobs:
            job.set_up(ctx, core)
            made.append(its := Passed())
            row, ready, begin = [], False, cycle
            while len(its.rows) < len(job.rows) or len(its.factors) < len(job.rows):
                ready = ready or rng.random() >= job.stalls.get("o", 0)
                ctx.set(core.o.ready, ready)
                if ctx.get(core.o.valid):
                    assert ctx.get(core.o.ready)
                    there = ctx.get(core.factors.valid) or len(its.factors) > len(its.rows)
                    assert there, "a row before its factors"
                    row.extend(ctx.get(core.o.p.values[n]) for n in range(BLOCK_SIZE))
                    assert ctx.get(core.o.p.last) == (len(row) == job.blocks * BLOCK_SIZE)
                    if ctx.get(core.o.p.last):
                        its.rows.append(row[: job.width])
                        its.ends.append(cycle)
                        row, ready = [], False
                its.errors += ctx.get(core.out_of_range)
                await ctx.tick()
                cycle += 1
                limit = (2000 + 20 * job.blocks) * len(job.rows)
                assert cycle - begin < limit, f"{len(its.rows)} of {len(job.rows)} rows"
            ctx.set(core.o.ready, 0)

    async def take_factors(ctx):
        for number, job in enumerate(jobs):
            while len(made) <= number:
                await ctx.tick()
            its = made[number]
            while len(its.factors) < len(job.rows):
                # Those of a row that has not left may wait, but not for rows behind it.
                ready = rng.random() >= job.stalls.get("factors", 0) and len(its.factors) < len(its.rows) + 1
                ctx.set(core.factors.ready, ready)
                if ready and ctx.get(core.factors.valid):
                    pair = core.factors.p.factor, core.factors.p.offset
                    its.factors.append(tuple(ctx.get(value.as_value()) for value in pair))
                await ctx.tick()
            ctx.set(core.factors.ready, 0)

    simulate(core, send, receive, take_factors)
    for job, its in zip(jobs, made, strict=True):
        assert its.rows == [row.tolist() for row in job.rows]
        expected = factors_of(job.rows, eps=job.eps, mean=job.mean, exponential=job.exponential)
        assert [(factor, 0 if factor == NAN else offset) for factor, offset in its.factors] == expected
        assert its.errors == sum(factor == NAN for factor, _ in its.factors)
    return made


WIDTHS = (1, 16, 17, 50)
STALLED = {"i": 0.5, "o": 0.8, "factors": 0.7}


@pytest.mark.parametrize("lanes", [1, 4, 8])
def test_rows_and_their_factors(lanes):
    """Of widths that follow each other, with and without the mean."""
    rng, jobs = random.Random(lanes), []
    for width in WIDTHS:
        rows = tried_rows(width)
        rows[2] = rows[2].copy()
        rows[2][width // 2] = rng.choice((0x7F800000, 0xFF800000, NAN))
        jobs += [Job(rows, mean=width != 16), Job(rows, eps=0.0, mean=width != 16, stalls=STALLED)]
    rng.shuffle(jobs)
    passed(RowBuffer(columns=50, lanes=lanes), *jobs, rng=rng)


@pytest.mark.parametrize("lanes", [1, 4, 8])
def test_rows_and_their_maxima(lanes):
    """With masks, with what makes the whole row NaN, and of masks alone; other jobs come between."""
    rng, jobs = random.Random(lanes), []
    for width in WIDTHS:
        rows = tried_rows(width)
        jobs.append(Job(rows[:3]))
        for n, special in ((2, MINUS_INFINITY), (3, 0x7F800000), (4, NAN), (6, 0xFFFFFFFF)):
            rows[n] = rows[n].copy()
            rows[n][rng.randrange(width)] = special
        rows.append(np.full(width, MINUS_INFINITY, np.uint32))
        jobs += [Job(rows, exponential=True, stalls=stalls) for stalls in ({}, STALLED)]
    rng.shuffle(jobs)
    passed(RowBuffer(columns=50, lanes=lanes), *jobs, rng=rng)


@pytest.mark.parametrize("width", [48, pytest.param(1152, marks=pytest.mark.slow)])
def test_throughput_of_maxima(width):
    rng = np.random.default_rng(4)
    rows = [bits(rng.standard_normal(width, np.float32)) for _ in range(9)]
    [its] = passed(RowBuffer(columns=width, lanes=8), Job(rows, exponential=True))
    assert (its.ends[-1] - its.ends[2]) / 6 <= width // 8 + 12


@pytest.mark.slow
@pytest.mark.parametrize("side", ["o", "factors"])
def test_who_takes_rows_late(side):
    """More rows than are under way, while nothing is taken for long: all are there then."""
    rng = np.random.default_rng(3)
    rows = [bits(rng.standard_normal(40, np.float32)) for _ in range(30)]
    passed(RowBuffer(columns=40, lanes=8), Job(rows, stalls={side: 0.995}))


@pytest.mark.slow
@pytest.mark.parametrize(("columns", "width", "lanes"), [(1152, 1152, 8), (1152, 1152, 4), (48, 48, 8)])
def test_throughput(columns, width, lanes):
    """Rows as fast as they are summed, or as ``RowStatistics`` takes short ones."""
    rng = np.random.default_rng(4)
    rows = [bits(rng.standard_normal(width, np.float32)) for _ in range(9)]
    [its] = passed(RowBuffer(columns=columns, lanes=lanes), Job(rows))
    period = max(RowStatistics.row_cycles, width // lanes)
    assert (its.ends[-1] - its.ends[2]) / 6 <= period + 6


def test_a_ring_that_is_full():
    """Rows as long as half of the ring: the third one waits, whoever takes them late."""
    rng = np.random.default_rng(5)
    core = RowBuffer(columns=300 * BLOCK_SIZE, lanes=8)
    assert core.depth == 1024
    core = RowBuffer(columns=256 * BLOCK_SIZE, lanes=8)
    assert core.depth == 512
    rows = [bits(rng.standard_normal(256 * BLOCK_SIZE, np.float32)) for _ in range(4)]
    passed(core, Job(rows, stalls={"o": 0.99}))


def test_lanes_out_of_range():
    with pytest.raises(ValueError, match="lanes must be 1, 2, 4 or 8, not 16"):
        RowBuffer(columns=16, lanes=16)
