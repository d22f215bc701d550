"""What becomes of sums, with a memory that answers late: values against golden, and the time it takes."""

from collections import deque
from itertools import product

import numpy as np
import pytest

from golden import add_binary32
from golden.engine import Function
from golden.functions import multiply17
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


def _run(tiles, *, lanes, function=Function.NONE, scale=0, bias=0, gate=0, by_row=0, accumulate=0, late=0):
    """Values of so many tiles one below the other, those expected, and the cycle in which each tile ends.

    Sums come from cycle ``late`` on.
    """
    rng = np.random.default_rng(3)
    sums, old = rng.standard_normal((2, tiles * ROWS, 16), dtype=np.float32)
    vectors = rng.standard_normal((scale + bias, 16), dtype=np.float32)
    gates = rng.standard_normal(tiles * ROWS if by_row else 16, dtype=np.float32)
    memory = rng.integers(0, 256, 0x8000, dtype=np.uint8)
    for address, values in ((SCALE, vectors), (GATE, gates), (OLD, old)):
        memory[address : address + values.nbytes] = values.reshape(-1).view(np.uint8)
    core = Epilogue(
        rows=ROWS, words=WORDS, lanes=lanes, function_lanes=8, data_bits=8 * BEAT, address_bits=32
    )
    found, ends = [], []

    async def commands(ctx):
        job = {"function": function, "scale": scale, "bias": bias, "gate": gate, "gate_by_row": by_row}
        ctx.set(core.job, {**job, "accumulate": accumulate, "pitch": 64, "vector_pitch": 64})
        for tile in range(tiles if scale or bias or gate or accumulate else 0):
            row = tile * ROWS
            places = {"address": OLD + 64 * row, "gate_address": GATE + 4 * row * by_row}
            ctx.set(core.tile.p, {**places, "vector_address": SCALE, "last_row": ROWS - 1, "columns": 16})
            ctx.set(core.tile.valid, 1)
            await ctx.tick().until(core.tile.ready)
        ctx.set(core.tile.valid, 0)

    async def send(ctx):
        await ctx.tick().repeat(late + 1)
        ctx.set(core.i.valid, 1)
        for part in sums.view(np.uint32).reshape(-1, WORDS):
            ctx.set(core.i.p, [int(value) for value in part])
            await ctx.tick().until(core.i.ready)
        ctx.set(core.i.valid, 0)

    async def receive(ctx):
        ctx.set(core.o.ready, 1)
        for cycle in range(tiles * ROWS * 60 + 1000):
            if ctx.get(core.o.valid):
                found.extend(ctx.get(core.o.p[n]) for n in range(WORDS))
                if len(found) % (ROWS * 16) == 0:
                    ends.append(cycle)
            await ctx.tick()
            if len(found) == sums.size:
                return

    simulate(core, receive, background=[commands, send, _Memory(core, memory).run])
    values = sums
    if scale:
        values = multiply17(values, vectors[0])
    if bias:
        values = add_binary32(values, np.broadcast_to(vectors[-1], values.shape))
    values = function(values)
    if gate:
        values = multiply17(values, gates[:, None] if by_row else gates)
    if accumulate:
        values = add_binary32(values, old)
    return found, values.view(np.uint32).reshape(-1).tolist(), ends


@pytest.mark.parametrize(
    ("scale", "bias", "gate", "by_row", "accumulate"),
    [case for case in product((0, 1), repeat=5) if case[2] or not case[3]],
)
@pytest.mark.parametrize("function", [Function.NONE, Function.SILU])
def test_every_combination(scale, bias, gate, by_row, accumulate, function):
    options = {"scale": scale, "bias": bias, "gate": gate, "by_row": by_row, "accumulate": accumulate}
    found, expected, _ = _run(3, lanes=4, function=function, **options)
    assert found == expected


@pytest.mark.parametrize("lanes", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("by_row", [0, 1])
def test_all_steps_take_no_longer_than_one(lanes, by_row):
    """The lanes before and behind the function take one tile right behind the other, if memory can."""
    options = {"scale": 1, "bias": 1, "gate": 1, "accumulate": 1, "function": Function.EXP2}
    found, expected, ends = _run(8, lanes=lanes, by_row=by_row, **options)
    assert found == expected
    assert np.diff(ends[2:]).mean() <= max(ROWS * 16 // lanes, 5 * (3 + ROWS))  # beats of a tile: 5 a row


@pytest.mark.parametrize("scale", [0, 1])
def test_what_was_read_waits_for_its_sums(scale):
    found, expected, _ = _run(12, lanes=4, scale=scale, accumulate=1, late=600)
    assert found == expected


def test_nothing_passes_at_a_part_per_cycle():
    found, expected, ends = _run(8, lanes=1)
    assert found == expected
    assert set(np.diff(ends)) == {ROWS * 16 // WORDS}


def test_lanes_keep_up_with_tiles():
    for rows, cols, k_blocks in ((4, 4, 72), (8, 8, 72), (16, 16, 72), (8, 8, 24)):
        for function_lanes in (1, 16):
            sizes = {"rows": rows, "cols": cols, "k_blocks": k_blocks}
            lanes = usual_epilogue_lanes(**sizes, function_lanes=function_lanes)
            assert rows * 16 // lanes <= k_blocks * 16 // cols
            assert lanes >= function_lanes // 4
