"""Rows behind their factors: as they were, in order, whoever stalls, and as fast as they are summed."""

import random

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


def passed(core, rows, *, eps=1e-6, mean=True, exponential=False, stalls=None, rng=None):
    """Rows that leave, their factors, and in which cycle each of them ended.

    As often as a factor is NaN ``out_of_range`` is set.
    """
    width, count = rows[0].size, -(-rows[0].size // BLOCK_SIZE)
    stalls = stalls or {}
    rng = rng or random.Random(1)
    found, factors, ends = [], [], []
    cycle = bad = 0
    behind = MINUS_INFINITY if exponential else 0

    def goes(side):
        return rng.random() >= stalls.get(side, 0)

    async def send(ctx):
        ctx.set(core.width, width)
        ctx.set(core.mean, mean)
        ctx.set(core.exponential, exponential)
        ctx.set(core.epsilon.as_value(), int(scaled_epsilon(eps, width).view(np.uint32)))
        await ctx.tick().repeat(2)
        for row in rows:
            blocks = np.append(row, np.full(-width % BLOCK_SIZE, behind, np.uint32)).reshape(-1, BLOCK_SIZE)
            for n, block in enumerate(blocks):
                while not goes("i"):
                    await ctx.tick()
                ctx.set(core.i.p.values, block.tolist())
                ctx.set(core.i.p.last, n == count - 1)
                ctx.set(core.i.valid, 1)
                await ctx.tick().until(core.i.ready)
                ctx.set(core.i.valid, 0)

    async def receive(ctx):
        """As ``Reorder`` does: once ready until a row's last block."""
        nonlocal cycle, bad
        row, ready = [], False
        while len(found) < len(rows):
            ready = ready or goes("o")
            ctx.set(core.o.ready, ready)
            if ctx.get(core.o.valid):
                assert ctx.get(core.o.ready)
                assert ctx.get(core.factors.valid) or len(factors) > len(found), "a row before its factors"
                row.extend(ctx.get(core.o.p.values[n]) for n in range(BLOCK_SIZE))
                assert ctx.get(core.o.p.last) == (len(row) == count * BLOCK_SIZE)
                if ctx.get(core.o.p.last):
                    found.append(row)
                    ends.append(cycle)
                    row, ready = [], False
            bad += ctx.get(core.out_of_range)
            await ctx.tick()
            cycle += 1
            assert cycle < 2000 * len(rows) + 20 * count * len(rows), f"{len(found)} of {len(rows)} rows"

    async def take_factors(ctx):
        while len(factors) < len(rows):
            # Those of a row that has not left may wait, but not for rows behind it.
            ready = goes("factors") and len(factors) < len(found) + 1
            ctx.set(core.factors.ready, ready)
            if ready and ctx.get(core.factors.valid):
                pair = (ctx.get(core.factors.p.factor.as_value()), ctx.get(core.factors.p.offset.as_value()))
                factors.append(pair)
            await ctx.tick()
        ctx.set(core.factors.ready, 0)

    simulate(core, send, receive, take_factors)
    assert bad == sum(factor == NAN for factor, _ in factors)
    return [row[:width] for row in found], factors, ends


def agree(rows, found, factors, **options):
    assert found == [row.tolist() for row in rows]
    expected = factors_of(rows, **options)
    got = [(factor, 0 if factor == NAN else offset) for factor, offset in factors]
    assert got == expected


@pytest.mark.parametrize("lanes", [1, 4, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("width", "mean"), [(1, True), (16, False), (17, True), (50, True)])
def test_rows_and_their_factors(width, mean, lanes):
    rng = random.Random(width)
    rows = tried_rows(width)
    rows[2] = rows[2].copy()
    rows[2][width // 2] = rng.choice((0x7F800000, 0xFF800000, NAN))
    for eps, stalls in ((1e-6, {}), (0.0, {"i": 0.5, "o": 0.8, "factors": 0.7})):
        found, factors, _ = passed(
            RowBuffer(columns=50, lanes=lanes), rows, eps=eps, mean=mean, stalls=stalls, rng=rng
        )
        agree(rows, found, factors, eps=eps, mean=mean)


@pytest.mark.parametrize("lanes", [1, 4, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize("width", [1, 16, 17, 50])
def test_rows_and_their_maxima(width, lanes):
    """With masks, with what makes the whole row NaN, and of masks alone."""
    rng = random.Random(width)
    rows = tried_rows(width)
    for n, special in ((2, MINUS_INFINITY), (3, 0x7F800000), (4, NAN), (6, 0xFFFFFFFF)):
        rows[n] = rows[n].copy()
        rows[n][rng.randrange(width)] = special
    rows.append(np.full(width, MINUS_INFINITY, np.uint32))
    for stalls in ({}, {"i": 0.5, "o": 0.8, "factors": 0.7}):
        core = RowBuffer(columns=50, lanes=lanes)
        found, factors, _ = passed(core, rows, exponential=True, stalls=stalls, rng=rng)
        agree(rows, found, factors, eps=0, mean=False, exponential=True)


@pytest.mark.parametrize("width", [48, pytest.param(1152, marks=pytest.mark.slow)])
def test_throughput_of_maxima(width):
    rng = np.random.default_rng(4)
    rows = [bits(rng.standard_normal(width, np.float32)) for _ in range(9)]
    found, factors, ends = passed(RowBuffer(columns=width, lanes=8), rows, exponential=True)
    agree(rows, found, factors, eps=0, mean=False, exponential=True)
    assert (ends[-1] - ends[2]) / 6 <= width // 8 + 12


@pytest.mark.slow
@pytest.mark.parametrize("side", ["o", "factors"])
def test_who_takes_rows_late(side):
    """More rows than are under way, while nothing is taken for long: all are there then."""
    rng = np.random.default_rng(3)
    rows = [bits(rng.standard_normal(40, np.float32)) for _ in range(30)]
    found, factors, _ = passed(RowBuffer(columns=40, lanes=8), rows, stalls={side: 0.995})
    agree(rows, found, factors, eps=1e-6, mean=True)


@pytest.mark.slow
@pytest.mark.parametrize(("columns", "width", "lanes"), [(1152, 1152, 8), (1152, 1152, 4), (48, 48, 8)])
def test_throughput(columns, width, lanes):
    """Rows as fast as they are summed, or as ``RowStatistics`` takes short ones."""
    rng = np.random.default_rng(4)
    rows = [bits(rng.standard_normal(width, np.float32)) for _ in range(9)]
    found, factors, ends = passed(RowBuffer(columns=columns, lanes=lanes), rows)
    agree(rows, found, factors, eps=1e-6, mean=True)
    period = max(RowStatistics.row_cycles, width // lanes)
    assert (ends[-1] - ends[2]) / 6 <= period + 6


def test_a_ring_that_is_full():
    """Rows as long as half of the ring: the third one waits, whoever takes them late."""
    rng = np.random.default_rng(5)
    core = RowBuffer(columns=300 * BLOCK_SIZE, lanes=8)
    assert core.depth == 1024
    core = RowBuffer(columns=256 * BLOCK_SIZE, lanes=8)
    assert core.depth == 512
    rows = [bits(rng.standard_normal(256 * BLOCK_SIZE, np.float32)) for _ in range(4)]
    found, factors, _ = passed(core, rows, stalls={"o": 0.99})
    agree(rows, found, factors, eps=1e-6, mean=True)


def test_lanes_out_of_range():
    with pytest.raises(ValueError, match="lanes must be 1, 2, 4 or 8, not 16"):
        RowBuffer(columns=16, lanes=16)
