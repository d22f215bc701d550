"""cocotb tests of the whole engine."""

import random
from dataclasses import replace
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiResp

from golden.engine import (
    DESCRIPTOR_WORDS,
    DIMENSION_LIMIT,
    Descriptor,
    EngineParameters,
    ErrorCode,
    MemoryFormat,
    check,
    regions,
)
from verif.coverage import Coverage
from verif.gemm.engine_driver import EngineBench
from verif.gemm.jobs import Layout, random_job
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
        rng, Layout(rng), m=p.rows * p.arrays, n=p.cols, k=32,
        d_format=MemoryFormat.BINARY32, bias=0, accumulate=0)
    await bench.run([job])
    counters = await bench.counters()
    assert counters["BUSY"] > 0
    assert counters["BYTES_WRITTEN"] == 4 * job.descriptor.m * job.descriptor.n
    COMPARED.compared(bench.compared)
    COMPARED.write(Path.cwd())


CASES = ("ordinary", "nan", "zero", "extreme", "lowest", "spread")


def random_sizes(rng: np.random.Generator) -> dict[str, int]:
    """M, N and K: within a tile or over several, on the edge or beside it, one or more chunks."""
    p = PARAMETERS
    tile = {"m": p.rows * p.arrays, "n": 16, "k": 16 * p.k_blocks}
    sizes = {}
    for name, whole in tile.items():
        sizes[name] = max(1, int(rng.integers(1, 3.2 * whole)) if rng.random() < 0.7
                          else int(rng.integers(1, 3)) * whole + int(rng.integers(-1, 2)))
    return sizes


@cocotb.test(timeout_time=100, timeout_unit="ms")
@cocotb.parametrize(stalls=["none", "uniform", "bursts"])
async def random_products(dut, stalls):
    """Every descriptor feature, several jobs in the queue."""
    bench = await EngineBench.start(dut, PARAMETERS, stalls=stalls)
    rng = generator()
    for _ in range(OPTIONS.get("rounds", 6)):
        layout = Layout(rng)
        jobs = [
            random_job(rng, layout, **random_sizes(rng), case=str(rng.choice(CASES)))
            for _ in range(int(rng.integers(1, 7)))]
        await bench.run(jobs)
        await bench.counters()
    COMPARED.compared(bench.compared)
    COMPARED.write(Path.cwd())


@cocotb.test(timeout_time=50, timeout_unit="ms")
@cocotb.parametrize(stalls=["none", "uniform"])
async def dependent_jobs(dut, stalls):
    """Jobs in the queue that read, or add to, what the one before writes."""
    bench = await EngineBench.start(dut, PARAMETERS, stalls=stalls)
    rng = generator()
    for _ in range(OPTIONS.get("rounds", 6)):
        layout = Layout(rng)
        formats = (MemoryFormat.MX4, MemoryFormat.MX6, MemoryFormat.MX9)
        sizes = random_sizes(rng)
        first = random_job(rng, layout, **sizes, d_format=int(rng.choice(formats)), accumulate=0)
        d = first.descriptor
        second = random_job(
            rng, layout, **(random_sizes(rng) | {"m": d.m, "k": d.n}), d_format=MemoryFormat.BINARY32,
            a_address=d.d_address, a_pitch=d.d_pitch, a_format=d.d_format, a_mx9_blocks=d.d_mx9_blocks)
        d = second.descriptor
        third = random_job(
            rng, layout, **(random_sizes(rng) | {"m": d.m, "n": d.n}), d_format=MemoryFormat.BINARY32,
            accumulate=1, d_address=d.d_address, d_pitch=d.d_pitch)
        await bench.run([first, second, third])
        await bench.counters()
    COMPARED.compared(bench.compared)
    COMPARED.write(Path.cwd())


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def bad_descriptors(dut):
    """Refused with golden's code, before any access to memory; a soft reset makes the engine work again."""
    bench = await EngineBench.start(dut, PARAMETERS)
    rng = generator()
    seen = set()
    for _ in range(OPTIONS.get("bad", 150)):
        job = random_job(rng, Layout(rng), **random_sizes(rng))
        descriptor = spoiled(rng, job.descriptor)
        code = check(descriptor, PARAMETERS)
        if code == ErrorCode.NONE:
            continue
        seen.add(code)
        accesses = list(bench.accesses)
        await bench.submit(descriptor)
        assert await bench.interrupt(2000) == 2, descriptor
        assert await bench.read("ERROR_CODE") == code, (code, descriptor)
        assert await bench.read("ERROR_ADDRESS_LOW") == await bench.read("ERROR_ADDRESS_HIGH") == 0
        assert await bench.submit(job.descriptor) == AxiResp.SLVERR
        assert bench.accesses == accesses
        await bench.soft_reset()
    assert len(seen) >= OPTIONS.get("codes", 18)
    await bench.run([random_job(rng, Layout(rng), **random_sizes(rng))])


def spoiled(rng: np.random.Generator, d: Descriptor) -> Descriptor:
    """A descriptor with a fault or two."""
    regions_of = regions(d)
    target = regions_of[str(rng.choice([name for name in regions_of if name != "D"]))]
    faults = [
        {"reserved": tuple(1 << 31 if n == 0 else 0 for n in range(DESCRIPTOR_WORDS))},
        {"permute": 1},
        {"bias": 0, "bias_address": 4},
        {"operation": int(rng.integers(2, 16))},
        *({name: 0} for name in "mnk"),
        *({name: DIMENSION_LIMIT + int(rng.integers(1, 1 << 20))} for name in "mnk"),
        {"a_format": int(rng.integers(4, 16))},
        {"b_format": int(rng.integers(4, 16))},
        {"d_format": int(rng.choice([3, *range(6, 16)]))},
        {"accumulate": 1, "d_format": MemoryFormat.BFLOAT16},
        *({f"{name}_mx9_blocks": 60000} for name in "abd"),
        *({f"{name}_address": getattr(d, f"{name}_address") + 1} for name in "abd"),
        *({f"{name}_pitch": getattr(d, f"{name}_pitch") + 1} for name in "abd"),
        {"bias": 1, "bias_address": d.bias_address + 2},
        *({f"{name}_pitch": 4} for name in "abd"),
        *({f"{name}_address": (1 << PARAMETERS.address_bits) - 8} for name in "abd"),
        *({f"{name}_address": (1 << 64) - 8} for name in "abd"),
        *({f"{name}_pitch": (1 << 32) - 4} for name in "abd"),
        {"bias": 1, "bias_address": (1 << PARAMETERS.address_bits) - 4 * max(1, d.n - 1)},
        {"d_address": target.address},
        {"d_address": (target.end - 4) & ~3},
    ]
    chosen = {}
    for index in rng.choice(len(faults), int(rng.integers(1, 3)), replace=False):
        chosen |= faults[index]
    return replace(d, **chosen)


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def soft_resets(dut):
    """At any cycle of a job: the bus comes to rest, D alone may have changed, and the next job is right."""
    bench = await EngineBench.start(dut, PARAMETERS, stalls="uniform")
    rng = generator()
    for _ in range(OPTIONS.get("resets", 25)):
        layout = Layout(rng)
        jobs = [random_job(rng, layout, **random_sizes(rng)) for _ in range(2)]
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
        await bench.run([random_job(rng, Layout(rng), **random_sizes(rng))])
        await bench.counters()


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def bus_errors(dut):
    """An error response anywhere stops the engine with code and address; D alone may have changed."""
    bench = await EngineBench.start(dut, PARAMETERS, stalls="uniform")
    rng = generator()
    for _ in range(OPTIONS.get("errors", 25)):
        job = random_job(rng, Layout(rng), **random_sizes(rng))
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
            (ErrorCode.WRITE_SLAVE_ERROR, ErrorCode.WRITE_DECODE_ERROR) if writes
            else (ErrorCode.READ_SLAVE_ERROR, ErrorCode.READ_DECODE_ERROR))
        assert await bench.read("ERROR_CODE") == (decode if response == AxiResp.DECERR else slave)
        found = await bench.read("ERROR_ADDRESS_LOW")
        beat = PARAMETERS.data_bits // 8
        assert found % beat == 0
        assert found <= address < found + (64 + beat if writes else beat), (hex(found), hex(address))
        bench.fail(None, AxiResp.OKAY, writes=writes)
        await bench.soft_reset()
        bench.forget([d])
        bench.compare([job])
        await bench.run([random_job(rng, Layout(rng), **random_sizes(rng))])
