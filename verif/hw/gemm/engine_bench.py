"""cocotb tests of the whole engine."""

import random
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiResp

from golden.engine import (
    EngineParameters,
    ErrorCode,
    MemoryFormat,
    regions,
)
from hw.axi.signatures import CACHE, PROTECTION
from verif.coverage import Coverage
from verif.hw.gemm.bad_descriptors import spoiled
from verif.hw.gemm.dependent_jobs import dependent_jobs
from verif.hw.gemm.engine_driver import EngineBench
from verif.hw.gemm.random_jobs import CASES, Layout, random_job, random_sizes
from verif.runner import bench_parameters

OPTIONS = bench_parameters()
PARAMETERS = EngineParameters(**OPTIONS["engine"])
COMPARED = Coverage("engine")


def generator() -> np.random.Generator:
    return np.random.default_rng(random.getrandbits(64))


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def one_product(dut):
    """One tile of each array, whole blocks, binary32."""
    bench = await EngineBench.start(dut, PARAMETERS)
    rng = generator()
    p = PARAMETERS
    job = random_job(
        rng,
        Layout(rng),
        m=p.rows * p.arrays,
        n=p.cols,
        k=32,
        d_format=MemoryFormat.BINARY32,
        bias=0,
        accumulate=0,
    )
    await bench.run([job])
    counters = await bench.counters()
    assert counters["BUSY"] > 0
    assert counters["BYTES_WRITTEN"] == 4 * job.descriptor.m * job.descriptor.n
    assert dut.m_axi_arcache.value == dut.m_axi_awcache.value == CACHE
    assert dut.m_axi_arprot.value == dut.m_axi_awprot.value == PROTECTION
    COMPARED.compared(bench.expected.outputs)
    COMPARED.write(Path.cwd())


@cocotb.test(timeout_time=100, timeout_unit="ms")
@cocotb.parametrize(stalls=["none", "uniform", "bursts"])
async def random_products(dut, stalls):
    """Every descriptor feature, several jobs in the queue."""
    bench = await EngineBench.start(dut, PARAMETERS, stalls=stalls)
    rng = generator()
    for _ in range(OPTIONS.get("rounds", 6)):
        layout = Layout(rng)
        jobs = [
            random_job(rng, layout, **random_sizes(rng, PARAMETERS), case=str(rng.choice(CASES)))
            for _ in range(int(rng.integers(1, 7)))
        ]
        await bench.run(jobs)
        await bench.counters()
    COMPARED.compared(bench.expected.outputs)
    COMPARED.write(Path.cwd())


@cocotb.test(timeout_time=50, timeout_unit="ms")
@cocotb.parametrize(stalls=["none", "uniform"])
async def chained_jobs(dut, stalls):
    """Jobs in the queue that read, or add to, what the one before writes."""
    bench = await EngineBench.start(dut, PARAMETERS, stalls=stalls)
    rng = generator()
    for _ in range(OPTIONS.get("rounds", 6)):
        await bench.run(dependent_jobs(rng, Layout(rng), PARAMETERS))
        await bench.counters()
    COMPARED.compared(bench.expected.outputs)
    COMPARED.write(Path.cwd())


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def bad_descriptors(dut):
    """Refused with golden's code, before any access to memory; a soft reset makes the engine work again."""
    bench = await EngineBench.start(dut, PARAMETERS)
    rng = generator()
    seen = set()
    for _ in range(OPTIONS.get("bad", 150)):
        job = random_job(rng, Layout(rng), **random_sizes(rng, PARAMETERS))
        descriptor = spoiled(rng, job.descriptor, PARAMETERS)
        accesses = list(bench.accesses)
        code = await bench.refuses(descriptor)
        if code == ErrorCode.NONE:
            continue
        seen.add(code)
        assert await bench.submit(job.descriptor) == AxiResp.SLVERR
        assert bench.accesses == accesses
        await bench.soft_reset()
    assert len(seen) >= OPTIONS.get("codes", 18)
    await bench.run([random_job(rng, Layout(rng), **random_sizes(rng, PARAMETERS))])


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def soft_resets(dut):
    """At any cycle of a job: the bus comes to rest, D alone may have changed, and the next job is right."""
    bench = await EngineBench.start(dut, PARAMETERS, stalls="uniform")
    rng = generator()
    for _ in range(OPTIONS.get("resets", 25)):
        layout = Layout(rng)
        jobs = [random_job(rng, layout, **random_sizes(rng, PARAMETERS)) for _ in range(2)]
        for job in jobs:
            bench.put(job)
            await bench.submit(job.descriptor)
        await ClockCycles(dut.clk, int(rng.integers(1, 1500)))
        await bench.soft_reset()
        for name in ("STATUS", "ERROR_CODE", "JOBS_DONE", "JOBS_SUBMITTED"):
            assert await bench.read(name) == 0, name
        bench.forget(job.descriptor for job in jobs)
        bench.compare(jobs)
        await bench.write("INTERRUPT_STATUS", 3)
        await bench.run([random_job(rng, Layout(rng), **random_sizes(rng, PARAMETERS))])
        await bench.counters()


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def bus_errors(dut):
    """An error response anywhere stops the engine with code and address; D alone may have changed."""
    bench = await EngineBench.start(dut, PARAMETERS, stalls="uniform")
    rng = generator()
    for _ in range(OPTIONS.get("errors", 25)):
        job = random_job(rng, Layout(rng), **random_sizes(rng, PARAMETERS))
        bench.put(job)
        d = job.descriptor
        region = regions(d)[str(rng.choice(list(regions(d))))]
        row = int(rng.integers(region.rows))
        address = region.address + row * region.pitch + int(rng.integers(min(region.row_bytes, 17)))
        writes = region.name == "D" and (not d.accumulate or rng.random() < 0.5)
        response = AxiResp.DECERR if rng.random() < 0.5 else AxiResp.SLVERR
        bench.fail(address, response, writes=writes)
        await bench.submit(d)
        assert await bench.interrupt(100_000) == 2, d
        slave, decode = (
            (ErrorCode.WRITE_SLAVE_ERROR, ErrorCode.WRITE_DECODE_ERROR)
            if writes
            else (ErrorCode.READ_SLAVE_ERROR, ErrorCode.READ_DECODE_ERROR)
        )
        assert await bench.read("ERROR_CODE") == (decode if response == AxiResp.DECERR else slave)
        found = await bench.read("ERROR_ADDRESS_LOW")
        beat = PARAMETERS.data_bits // 8
        assert found % beat == 0
        assert found <= address < found + (64 + beat if writes else beat), (hex(found), hex(address))
        bench.fail(None, AxiResp.OKAY, writes=writes)
        await bench.soft_reset()
        bench.forget([d])
        bench.compare([job])
        await bench.run([random_job(rng, Layout(rng), **random_sizes(rng, PARAMETERS))])
