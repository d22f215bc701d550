"""cocotb tests of the float adder."""

import random
from pathlib import Path

import cocotb
import numpy as np

from golden import add_binary32
from golden.rounding import flush
from verif.coverage import Coverage
from verif.handshake import Beat
from verif.hw.gemm.results import float_vectors as vectors
from verif.runner import bench_parameters
from verif.streams import StreamBench

LANES = bench_parameters()["lanes"]
STALLS = ["none", "uniform", "bursts"]
COVERAGE = Coverage("float-adder", stalls=STALLS)


def word(values) -> int:
    return sum(int(value) << 32 * k for k, value in enumerate(values))


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(stalls=STALLS)
async def sums(dut, stalls):
    bench = await StreamBench.start(dut, stalls=stalls, outputs_per_beat=LANES, timeout=500)
    rng = random.Random(random.getrandbits(64))
    count = bench_parameters()["pairs"]
    pairs = vectors.special_pairs() + vectors.near_pairs(rng, count) + vectors.random_pairs(rng, count // 4)
    rng.shuffle(pairs)
    pairs = pairs[: len(pairs) // LANES * LANES]
    x, y = np.array(pairs, np.uint32).T.reshape(2, -1, LANES)
    totals = add_binary32(flush(x.view(np.float32)), flush(y.view(np.float32))).view(np.uint32)
    for a, b, total in zip(x, y, totals, strict=True):
        user, last = rng.getrandbits(1), rng.random() < 0.3
        bench.send([Beat(word([*a, *b]), user, last)])
        note = f"{[hex(v) for v in a]} + {[hex(v) for v in b]}"
        bench.expect([Beat(word(total), user, last)], note=note)
    await bench.finish()
    COVERAGE.hit(stalls=stalls)
    COVERAGE.compared(bench.compared)
    COVERAGE.write(Path.cwd())
