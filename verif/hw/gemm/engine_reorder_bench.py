"""cocotb tests of an engine with a reorder unit, and of the driver on a simulated engine."""

import random
from dataclasses import replace
from pathlib import Path

import cocotb
import numpy as np
import pytest
from cocotb.task import bridge

from golden import MX6, MX9, add_binary32, dequantize, matmul, quantize
from golden.engine import EngineParameters, ErrorCode, MemoryFormat, quantize_rows
from mixdit.driver import EngineError, Gemm, plan_reordering
from mixdit.sim.simulated_port import SimulatedPort
from verif.coverage import Coverage
from verif.hw.gemm.engine_driver import EngineBench
from verif.hw.gemm.random_jobs import Layout, random_job
from verif.hw.gemm.reorder_jobs import random_reorder_job
from verif.runner import bench_parameters

OPTIONS = bench_parameters()
PARAMETERS = EngineParameters(**OPTIONS["engine"])
COVERAGE = Coverage("engine-reorder")


def generator() -> np.random.Generator:
    return np.random.default_rng(random.getrandbits(64))


def job_of(rng, layout, reorder: bool, *, floats: bool = True):
    columns = PARAMETERS.reorder_columns
    n = int(rng.choice((1, 16, columns, int(rng.integers(1, columns + 1)))))
    m = int(rng.integers(1, 2 * PARAMETERS.rows + 2))
    if reorder:
        return random_reorder_job(
            rng, layout, m=m, n=n, functions=PARAMETERS.function_lanes > 0, floats=floats
        )
    return random_job(rng, layout, m=m, n=n, k=int(rng.integers(1, 100)))


@cocotb.test(timeout_time=50, timeout_unit="ms")
@cocotb.parametrize(stalls=["none", "uniform"])
async def reorder_jobs(dut, stalls):
    """Among products, several jobs in the queue; the last one takes what a reorder job made."""
    bench = await EngineBench.start(dut, PARAMETERS, stalls=stalls)
    rng = generator()
    for _ in range(OPTIONS["rounds"]):
        layout = Layout(rng)
        jobs = [job_of(rng, layout, rng.random() < 0.6) for _ in range(int(rng.integers(1, 6)))]
        made = job_of(rng, layout, True, floats=False)
        d = made.descriptor
        product = random_job(rng, layout, m=d.m, n=5, k=d.n)
        chained = replace(
            product.descriptor, a_address=d.d_address, a_pitch=d.d_pitch, a_format=d.d_format,
            a_mx9_blocks=d.d_mx9_blocks,
        )  # fmt: skip
        await bench.run([*jobs, made, replace(product, descriptor=chained)])
        await bench.counters()
    COVERAGE.compared(bench.expected.outputs)
    COVERAGE.write(Path.cwd())


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def refused_reorder_jobs(dut):
    """Refused as golden says; a bad index stops the engine before anything is written."""
    bench = await EngineBench.start(dut, PARAMETERS)
    rng = generator()
    seen = set()
    top = 1 << PARAMETERS.address_bits
    faults = [
        {"n": PARAMETERS.reorder_columns + 1}, {"m": 0}, {"a_format": 1}, {"a_format": 6}, {"d_format": 3},
        {"d_format": 4}, {"d_format": 5}, {"k": 1}, {"bias": 1}, {"keep_b": 1}, {"accumulate": 1},
        {"b_format": 2}, {"b_pitch": 2}, {"a_mx9_blocks": 1}, {"b_mx9_blocks": 1}, {"a_pitch": 4},
        {"d_pitch": 2}, {"a_address": top - 8}, {"d_address": top - 8}, {"d_address": 0}, {"a_address": top},
        {"d_mx9_blocks": 9000}, {"permute": 1, "b_address": 1}, {"permute": 0, "b_address": 2},
        {"permute": 1, "b_address": top - 2}, {"permute": 1, "b_address": 0x8004, "d_address": 0x8000},
        {"a_address": 0x8000, "d_address": 0x8004}, {"a_address": 1}, {"d_address": 3},
        {"operation": 2}, {"norm": 3}, {"norm": 1, "divide": 1}, {"norm": 1, "epsilon": 0x7FC00000},
        {"epsilon": 1}, {"gate": 1}, {"norm": 2, "bias": 1, "bias_address": 2},
        {"norm": 2, "gate": 1, "bias_address": top - 4},
    ]  # fmt: skip
    for fault in faults * 2:
        job = random_reorder_job(rng, Layout(rng), m=3, n=40)
        code = await bench.refuses(replace(job.descriptor, **fault))
        if code != ErrorCode.NONE:
            seen.add(code)
            await bench.soft_reset()
    assert len(seen) >= 16, sorted(seen)
    for _ in range(3):
        job = random_reorder_job(rng, Layout(rng), m=3, n=40)
        while not job.descriptor.permute:
            job = random_reorder_job(rng, Layout(rng), m=3, n=40)
        bench.put(job)
        at = job.descriptor.b_address + 2 * int(rng.integers(40))
        bench.memory.write(at, b"\x28\x00")
        bench.expected.data[at : at + 2] = (40, 0)
        await bench.submit(job.descriptor)
        assert await bench.interrupt(5000) == 2
        assert await bench.read("ERROR_CODE") == ErrorCode.PERMUTATION
        bench.compare([job])
        await bench.soft_reset()
        await bench.run([job_of(rng, Layout(rng), True)])


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def the_driver(dut):
    """The host's whole way: plan an order, reorder, multiply, chain, fail and recover."""
    bench = await EngineBench.start(dut, PARAMETERS)
    port = SimulatedPort(dut, bench.registers, bench.memory, range(0x1000, bench.expected.data.size))

    def host() -> None:
        gemm = Gemm(port, timeout=300)
        assert gemm.parameters == PARAMETERS
        rng = np.random.default_rng(1)
        x = rng.standard_normal((6, 64), dtype=np.float32)
        x[:, rng.choice(64, 6, replace=False)] *= 20
        weights = rng.standard_normal((20, 64), dtype=np.float32)
        plan = plan_reordering(np.abs(x).max(axis=0), 1)
        tokens = gemm.empty(x.shape, MX6, mx9_blocks=1)
        gemm.reorder(gemm.store(x), tokens, gemm.store_permutation(plan.permutation))
        b = quantize(plan.consumer(weights), MX9)
        bias = rng.standard_normal(20, dtype=np.float32)
        result = gemm.matmul(tokens, b, bias=bias)
        mixed = quantize_rows(plan.consumer(x), MemoryFormat.MX6, 1)
        chunk = PARAMETERS.k_blocks
        expected = add_binary32(matmul(mixed, b, k_blocks=chunk), np.broadcast_to(bias, (6, 20)))
        assert np.array_equal(result, expected)
        blocks = gemm.matmul(tokens, b, MX6, mx9_blocks=1)
        wanted = quantize_rows(matmul(mixed, b, k_blocks=chunk), MemoryFormat.MX6, 1)
        assert np.array_equal(dequantize(blocks), dequantize(wanted))
        counters = gemm.counters()
        assert counters["BUSY"] > 0
        gemm.clear_counters()
        assert gemm.counters()["CYCLES"] == 0
        order = gemm.store_permutation(plan.permutation)
        port.write_memory(order.piece.address, np.full(2, 0xFF, np.uint8))  # as memory that fails
        with pytest.raises(EngineError, match="stopped with PERMUTATION"):
            gemm.wait(gemm.reorder(gemm.store(x), gemm.empty(x.shape, MX6), order))
        gemm.reset()
        assert np.array_equal(gemm.matmul(tokens, b), matmul(mixed, b, k_blocks=chunk))

    await bridge(host)()
