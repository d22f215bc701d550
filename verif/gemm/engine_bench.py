"""cocotb tests of the whole engine."""

import random

import cocotb
import numpy as np

from golden.engine import EngineParameters, MemoryFormat
from verif.gemm.engine_driver import EngineBench
from verif.gemm.jobs import Layout, random_job
from verif.runner import bench_parameters

OPTIONS = bench_parameters()
PARAMETERS = EngineParameters(**OPTIONS["engine"])


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
    print(await bench.counters())


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
    for _ in range(OPTIONS.get("rounds", 3)):
        layout = Layout(rng)
        jobs = [
            random_job(rng, layout, **random_sizes(rng), case=str(rng.choice(CASES)))
            for _ in range(int(rng.integers(1, 7)))]
        await bench.run(jobs)
        await bench.counters()
