"""What becomes of sums, with a memory that answers late: values against golden, and the time it takes."""

import random
from collections import deque
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

from golden import add_binary32
from golden.engine import Function
from golden.functions import multiply17
from golden.functions.exp2 import exp2_in_range
from hw.gemm.results.epilogue import Epilogue, usual_epilogue_lanes
from verif.simulation import simulate

ROWS, WORDS, BEAT = 4, 8, 16
LATENCY = 20
SCALE, GATE, OLD = 0x1004, 0x2008, 0x300C
"""Where vectors, the gate and old D begin, within beats."""


class _Memory:
    """Answers requests in order, a beat per cycle."""

    def __init__(self, core, data):
        self._core, self._data = core, data
        self._beats = deque()

    async def run(self, ctx):
        core, cycle = self._core, 0
        ctx.set(core.read.ready, 1)
        while True:
            if ctx.get(core.read.valid):
                address, size = ctx.get(core.read.p.address), ctx.get(core.read.p.bytes)
                first, last = address // BEAT, (address + size - 1) // BEAT
                for beat in range(first, last + 1):
                    self._beats.append((cycle + LATENCY, beat, beat == first, beat == last))
            there = bool(self._beats) and self._beats[0][0] <= cycle
            ctx.set(core.beat.valid, there)
            if there:
                _, beat, first, last = self._beats.popleft()
                value = int.from_bytes(self._data[beat * BEAT : (beat + 1) * BEAT].tobytes(), "little")
                ctx.set(core.beat.p, {"data": value, "first": first, "last": last})
            await ctx.tick()
            cycle += 1


@dataclass(frozen=True)
class _Job:
    """So many tiles one below the other; their sums come from cycle ``late`` of the job on."""

    tiles: int
    function: Function = Function.NONE
    scale: int = 0
    bias: int = 0
    gate: int = 0
    by_row: int = 0
    accumulate: int = 0
    late: int = 0
    some: float | None = None
    """A sum in the middle of the others."""

    @property
    def reads(self) -> bool:
        return bool(self.scale or self.bias or self.gate or self.accumulate)

    @property
    def registers(self) -> dict:
        names = ("function", "scale", "bias", "gate", "accumulate")
        given = {name: getattr(self, name) for name in names}
        return {**given, "gate_by_row": self.by_row, "pitch": 64, "vector_pitch": 64}

    def operands(self, seed: int) -> tuple[np.ndarray, ...]:
        """Sums, old D, vectors and gates."""
        rng = np.random.default_rng(seed)
        sums, old = rng.standard_normal((2, self.tiles * ROWS, 16), dtype=np.float32)
        vectors = rng.standard_normal((self.scale + self.bias, 16), dtype=np.float32)
        gates = rng.standard_normal(self.tiles * ROWS if self.by_row else 16, dtype=np.float32)
        if self.some is not None:
            sums[len(sums) // 2, 7] = self.some
        return sums, old, vectors, gates

    def expected(self, sums, old, vectors, gates) -> tuple[list[int], bool]:
        """Bit patterns of D, and whether a power of two is out of range."""
        values = sums
        if self.scale:
            values = multiply17(values, vectors[0])
        if self.bias:
            values = add_binary32(values, np.broadcast_to(vectors[-1], values.shape))
        out_of_range = self.function is Function.EXP2 and not exp2_in_range(values).all()
        values = self.function(values)
        if self.gate:
            values = multiply17(values, gates[:, None] if self.by_row else gates)
        if self.accumulate:
            values = add_binary32(values, old)
        return values.view(np.uint32).reshape(-1).tolist(), out_of_range


def _run(*jobs: _Job, lanes: int) -> list[list[int]]:
    """Of each job, one after the other on one epilogue, when each tile ends; values must be golden's."""
    core = Epilogue(
        rows=ROWS, words=WORDS, lanes=lanes, function_lanes=8, data_bits=8 * BEAT, address_bits=32
    )
    data = np.random.default_rng(3).integers(0, 256, 0x8000, dtype=np.uint8)
    operands = [job.operands(number) for number, job in enumerate(jobs)]
    found: list[list[int]] = []
    ends: list[list[int]] = []
    out_of_range: list[int] = []

    async def begun(ctx, number):
        while len(found) <= number:
            await ctx.tick()

    async def commands(ctx):
        for number, job in enumerate(jobs):
            await begun(ctx, number)
            for tile in range(job.tiles if job.reads else 0):
                row = tile * ROWS
                places = {"address": OLD + 64 * row, "gate_address": GATE + 4 * row * job.by_row}
                ctx.set(core.tile.p, {**places, "vector_address": SCALE, "last_row": ROWS - 1, "columns": 16})
                ctx.set(core.tile.valid, 1)
                await ctx.tick().until(core.tile.ready)
            ctx.set(core.tile.valid, 0)

    async def send(ctx):
        for number, job in enumerate(jobs):
            await begun(ctx, number)
            await ctx.tick().repeat(job.late + 1)
            ctx.set(core.i.valid, 1)
            for part in operands[number][0].view(np.uint32).reshape(-1, WORDS):
                ctx.set(core.i.p, [int(value) for value in part])
                await ctx.tick().until(core.i.ready)
            ctx.set(core.i.valid, 0)

    async def receive(ctx):
        ctx.set(core.o.ready, 1)
        ctx.set(core.checked.p, {"last_row": ROWS - 1, "columns": 16})
        ctx.set(core.checked.valid, 1)
        for job, (sums, old, vectors, gates) in zip(jobs, operands, strict=True):
            for address, values in ((SCALE, vectors), (GATE, gates), (OLD, old)):
                data[address : address + values.nbytes] = values.reshape(-1).view(np.uint8)
            ctx.set(core.job, job.registers)
            found.append([])
            ends.append([])
            out_of_range.append(0)
            for cycle in range(job.tiles * ROWS * 60 + 1000):
                if ctx.get(core.o.valid):
                    found[-1].extend(ctx.get(core.o.p[n]) for n in range(WORDS))
                    if len(found[-1]) % (ROWS * 16) == 0:
                        ends[-1].append(cycle)
                out_of_range[-1] |= ctx.get(core.out_of_range)
                await ctx.tick()
                if len(found[-1]) == sums.size:
                    break

    simulate(core, receive, background=[commands, send, _Memory(core, data).run])
    for job, its, values, beyond in zip(jobs, operands, found, out_of_range, strict=True):
        assert (values, beyond) == job.expected(*its), job
    return ends


@pytest.mark.parametrize("function", [Function.NONE, Function.SILU])
def test_every_combination(function):
    """Each step with and without every other, in jobs of any order: nothing of one stays for the next."""
    combinations = [case for case in product((0, 1), repeat=5) if case[2] or not case[3]]
    random.Random(function.name).shuffle(combinations)
    names = ("scale", "bias", "gate", "by_row", "accumulate")
    jobs = [_Job(3, function, **dict(zip(names, case, strict=True))) for case in combinations]
    _run(*jobs, lanes=4)


def test_a_power_out_of_range_is_told():
    """Only where there is one, and of no other function."""
    jobs = [
        _Job(2, function, gate=1, some=some)
        for function in (Function.EXP2, Function.SILU)
        for some in (None, 1e4, 100.0, -1e4, np.inf)
    ]
    _run(*jobs, lanes=4)


@pytest.mark.parametrize("lanes", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("by_row", [0, 1])
def test_all_steps_take_no_longer_than_one(lanes, by_row):
    """The lanes before and behind the function take one tile right behind the other, if memory can."""
    job = _Job(8, Function.EXP2, scale=1, bias=1, gate=1, by_row=by_row, accumulate=1)
    [ends] = _run(job, lanes=lanes)
    assert np.diff(ends[2:]).mean() <= max(ROWS * 16 // lanes, 5 * (3 + ROWS))  # beats of a tile: 5 a row


@pytest.mark.parametrize("scale", [0, 1])
def test_what_was_read_waits_for_its_sums(scale):
    _run(_Job(12, scale=scale, accumulate=1, late=600), lanes=4)


def test_nothing_passes_at_a_part_per_cycle():
    [ends] = _run(_Job(8), lanes=1)
    assert set(np.diff(ends)) == {ROWS * 16 // WORDS}


def test_lanes_keep_up_with_tiles():
    for rows, cols, k_blocks in ((4, 4, 72), (8, 8, 72), (16, 16, 72), (8, 8, 24)):
        for function_lanes in (1, 16):
            sizes = {"rows": rows, "cols": cols, "k_blocks": k_blocks}
            lanes = usual_epilogue_lanes(**sizes, function_lanes=function_lanes)
            assert rows * 16 // lanes <= k_blocks * 16 // cols
            assert lanes >= function_lanes // 4
