"""cocotb tests of the whole engine."""

import random
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiResp

from golden.engine import (
    ENTRY_BYTES,
    REGISTERS,
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
from verif.hw.gemm.listed_jobs import listed
from verif.hw.gemm.random_jobs import CASES, Job, Layout, random_job, random_sizes
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
    await bench.write("CONTROL", REGISTERS["CONTROL"].pack(clear_counters=1))
    assert not any((await bench.counters()).values())
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
        counters = await bench.counters()
    assert counters["READ_STALL"] > 0, "the first tile of a job waits for its operands"
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


@cocotb.test(timeout_time=100, timeout_unit="ms")
@cocotb.parametrize(stalls=["none", "uniform"])
async def lists(dut, stalls):
    """Jobs of a list, more than the queue holds, with one interrupt at its end; then it is run again."""
    bench = await EngineBench.start(dut, PARAMETERS, stalls=stalls)
    await bench.write("INTERRUPT_ENABLE", REGISTERS["INTERRUPT_ENABLE"].pack(list=1, error=1))
    rng = generator()
    for number in range(OPTIONS.get("lists", 3)):
        layout = Layout(rng)
        count = PARAMETERS.queue_depth + 6
        most = {"m": 2 * PARAMETERS.rows * PARAMETERS.arrays, "n": 40, "k": 100}
        jobs = [
            random_job(rng, layout, **{name: int(rng.integers(1, size + 1)) for name, size in most.items()})
            for _ in range(count)
        ]
        (ring,) = listed(rng, [job.descriptor for job in jobs], bench.expected.data.size, whole=True)
        for job in (*jobs, Job(jobs[0].descriptor, ring.contents)):
            bench.put(job)
        for again in range(2):
            assert await bench.submit_list(ring.addresses[0]) == AxiResp.OKAY
            assert await bench.submit_list(ring.addresses[0]) == AxiResp.SLVERR
            assert await bench.submit(jobs[0].descriptor) == AxiResp.SLVERR
            for job in jobs:
                assert bench.expected.run(job.descriptor) == ErrorCode.NONE
            assert await bench.interrupt() == 5
            bench.compare(jobs)
            assert await bench.read("LISTS_DONE") == 2 * number + again + 1
            assert await bench.read("JOBS_DONE") == (2 * number + again + 1) * count
            assert await bench.read("STATUS") == 0
        await bench.counters()
    COMPARED.compared(bench.expected.outputs)
    COMPARED.write(Path.cwd())


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def soft_resets_of_lists(dut):
    """At any cycle while entries are fetched: no access begins any more, and the next list is right."""
    bench = await EngineBench.start(dut, PARAMETERS, stalls="uniform")
    rng = generator()
    for _ in range(OPTIONS.get("resets", 25)):
        layout = Layout(rng)
        jobs = [random_job(rng, layout, m=1, n=int(rng.integers(1, 20)), k=16) for _ in range(3)]
        (ring,) = listed(rng, [job.descriptor for job in jobs], bench.expected.data.size, whole=True)
        for job in (*jobs, Job(jobs[0].descriptor, ring.contents)):
            bench.put(job)
        assert await bench.submit_list(ring.addresses[0]) == AxiResp.OKAY
        await ClockCycles(dut.clk, int(rng.integers(1, 400)))
        await bench.soft_reset()
        accesses = list(bench.accesses)
        for name in ("STATUS", "ERROR_CODE", "JOBS_DONE", "JOBS_SUBMITTED", "LISTS_DONE"):
            assert await bench.read(name) == 0, name
        await ClockCycles(dut.clk, 300)
        assert bench.accesses == accesses
        bench.forget(job.descriptor for job in jobs)
        bench.compare(jobs)
        await bench.write("INTERRUPT_STATUS", REGISTERS["INTERRUPT_STATUS"].used)
        for job in jobs:
            bench.put(job)
        assert await bench.submit_list(ring.addresses[0]) == AxiResp.OKAY
        for job in jobs:
            assert bench.expected.run(job.descriptor) == ErrorCode.NONE
        while not await bench.read("LISTS_DONE"):
            assert not await bench.interrupt() & 2
        await bench.write("INTERRUPT_STATUS", REGISTERS["INTERRUPT_STATUS"].used)
        bench.compare(jobs)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def bus_errors_in_lists(dut):
    """Memory refuses a beat of any entry: code and address, no job from there on, those before are right."""
    bench = await EngineBench.start(dut, PARAMETERS, stalls="uniform")
    rng = generator()
    beat = PARAMETERS.data_bits // 8
    for _ in range(OPTIONS.get("errors", 25)):
        layout = Layout(rng)
        jobs = [random_job(rng, layout, m=1, n=int(rng.integers(1, 20)), k=16) for _ in range(4)]
        (ring,) = listed(rng, [job.descriptor for job in jobs], bench.expected.data.size, whole=True)
        for job in (*jobs, Job(jobs[0].descriptor, ring.contents)):
            bench.put(job)
        place = int(rng.integers(len(jobs)))
        address = ring.addresses[place] + int(rng.integers(ENTRY_BYTES))
        response = AxiResp.DECERR if rng.random() < 0.5 else AxiResp.SLVERR
        bench.fail(address, response, writes=False)
        start = await bench.read("JOBS_DONE")
        assert await bench.submit_list(ring.addresses[0]) == AxiResp.OKAY
        events = 0
        while not events & 2:
            events |= await bench.interrupt()
        code = ErrorCode.READ_DECODE_ERROR if response == AxiResp.DECERR else ErrorCode.READ_SLAVE_ERROR
        assert await bench.read("ERROR_CODE") == code
        assert await bench.read("ERROR_ADDRESS_LOW") == address // beat * beat
        assert await bench.read("JOBS_SUBMITTED") == start + place
        done = await bench.read("JOBS_DONE") - start
        assert done <= place
        assert not events & 4
        assert await bench.read("LISTS_DONE") == 0
        bench.fail(None, AxiResp.OKAY, writes=False)
        await bench.soft_reset()
        for job in jobs[:done]:
            assert bench.expected.run(job.descriptor) == ErrorCode.NONE
        bench.forget(job.descriptor for job in jobs[done:place])
        bench.compare(jobs)
        await bench.run([random_job(rng, Layout(rng), **random_sizes(rng, PARAMETERS))])


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
        await bench.write("INTERRUPT_STATUS", REGISTERS["INTERRUPT_STATUS"].used)
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
