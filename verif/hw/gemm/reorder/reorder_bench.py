"""cocotb tests of the reorder unit."""

import random
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles

from hw.gemm.reorder.reorder import index_block_layout, row_block_layout
from mixdit.driver import plan_reordering
from verif.coverage import Coverage
from verif.handshake import Sink, Source, start, until
from verif.runner import bench_parameters

COLUMNS = bench_parameters()["columns"]
STALLS = ["none", "uniform", "bursts"]
KINDS = ["random", "balanced", "same bank", "identity", "repeated"]
COVERAGE = Coverage("reorder", stalls=STALLS, kind=KINDS)


def blocks(values, junk: random.Random):
    """A row in blocks of 16, each an integer with its ``last``; anything behind the row's end."""
    size = 32 if values.dtype == np.uint32 else 16
    layout = row_block_layout() if size == 32 else index_block_layout()
    padded = [int(v) for v in values] + [junk.getrandbits(size) for _ in range(-len(values) % 16)]
    for first in range(0, len(padded), 16):
        word = sum(value << size * lane for lane, value in enumerate(padded[first : first + 16]))
        yield word | (first + 16 == len(padded)) << (layout.size - 1)


def permutation(kind: str, length: int, rng: random.Random) -> np.ndarray:
    numbers = np.random.default_rng(rng.getrandbits(64))
    if kind == "balanced":
        return plan_reordering(numbers.random(length), length // 32, balance=True).permutation
    if kind == "same bank":
        return np.argsort(np.arange(length) % 16, kind="stable")
    if kind == "identity":
        return np.arange(length)
    if kind == "repeated":
        return numbers.integers(0, length, length)
    return numbers.permutation(length)


async def begin(dut, stalls):
    rng = random.Random(random.getrandbits(64))
    received = []
    options = {"stall": stalls, "rng": rng}
    parts = [
        Source(dut, "permutation", **options),
        Source(dut, "i", **options),
        Sink(dut, "o", on_beat=received.append, **options),
    ]
    dut.length.value = 1
    await start(dut, *parts)
    return rng, *parts[:2], received


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(stalls=STALLS)
async def rows(dut, stalls):
    rng, orders, values, received = await begin(dut, stalls)
    outputs = 0
    for kind in KINDS * 2:
        length = rng.choice((1, 15, 16, 17, rng.randint(1, COLUMNS), COLUMNS))
        order = permutation(kind, length, rng)
        dut.length.value = length
        orders.send(blocks(order.astype(np.uint16), rng))
        await until(dut, lambda: orders.idle)
        await ClockCycles(dut.clk, 2)
        assert not dut.bad_index.value
        sent = [np.array([rng.getrandbits(32) for _ in range(length)], np.uint32) for _ in range(6)]
        for row in sent:
            values.send(blocks(row, rng))
        count = -(-length // 16)
        received.clear()
        await until(dut, lambda count=count: len(received) == 6 * count)
        for n, row in enumerate(sent):
            words = received[n * count : (n + 1) * count]
            found = [word >> 32 * lane & 0xFFFFFFFF for word in words for lane in range(16)][:length]
            assert found == row[order].tolist(), (kind, length, n)
            assert [word >> 512 for word in words] == [0] * (count - 1) + [1]
        outputs += 6 * length
        COVERAGE.hit(stalls=stalls, kind=kind)
    await ClockCycles(dut.clk, 20)
    assert len(received) == 6 * count
    COVERAGE.compared(outputs)
    COVERAGE.write(Path.cwd())


@cocotb.test(timeout_time=10, timeout_unit="ms", skip=COLUMNS < 64)
@cocotb.parametrize(kind=["balanced", "same bank", "random"])
async def throughput(dut, kind):
    """A row takes as many cycles as the planner counts."""
    rng, orders, values, received = await begin(dut, "none")
    length = COLUMNS // 16 * 16
    order = permutation(kind, length, rng)
    banks = order.reshape(-1, 16) % 16
    cycles = sum(int(np.bincount(block).max()) for block in banks)
    dut.length.value = length
    orders.send(blocks(order.astype(np.uint16), rng))
    await until(dut, lambda: orders.idle)
    for _ in range(12):
        values.send(blocks(np.zeros(length, np.uint32), rng))
    per_row = length // 16
    await until(dut, lambda: len(received) == per_row)
    taken = await until(dut, lambda: len(received) == 11 * per_row)
    if kind == "balanced":
        assert cycles == per_row
    assert abs(taken - 10 * cycles) <= 3, (taken, cycles)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def bad_indices(dut):
    """An index beyond the row is reported, wherever it is; one behind the row's end is not."""
    rng, orders, _, _ = await begin(dut, "uniform")
    for _ in range(40):
        length = rng.randint(1, COLUMNS)
        order = permutation("random", length, rng)
        bad = rng.random() < 0.5
        if bad:
            order[rng.randrange(length)] = rng.choice((length, 0xFFFF))
        dut.length.value = length
        orders.send(blocks(order.astype(np.uint16), rng))
        await until(dut, lambda: orders.idle)
        await ClockCycles(dut.clk, 2)
        assert bool(dut.bad_index.value) == bad, (length, bad)
