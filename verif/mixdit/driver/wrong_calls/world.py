"""An engine with matrices in its memory, for wrong calls to meet."""

from dataclasses import dataclass

import numpy as np

from golden import MX6, MX9, concat, quantize
from golden.engine import (
    EngineParameters,
)
from mixdit.driver import (
    DeviceMatrix,
    DevicePermutation,
    Gemm,
    JobList,
    ModelPort,
    Port,
)

PARAMETERS = EngineParameters(
    rows=4, cols=8, k_blocks=4, reorder_columns=128, address_bits=32, function_lanes=0
)
M, N, K = 5, 33, 100


def rows(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


A = concat([quantize(rows(1, M, 16), MX9), quantize(rows(2, M, K - 16), MX6)])
B = quantize(rows(3, N, K), MX6)


@dataclass(frozen=True)
class World:
    """An engine with matrices in its memory, and some that are not, or no longer."""

    gemm: Gemm
    a: DeviceMatrix
    b: DeviceMatrix
    d: DeviceMatrix
    floats: DeviceMatrix
    """Binary32 of a's shape."""
    bias: DeviceMatrix
    permutation: DevicePermutation
    freed: DeviceMatrix
    freed_permutation: DevicePermutation
    foreign: DeviceMatrix
    foreign_permutation: DevicePermutation
    list: JobList
    freed_list: JobList
    foreign_list: JobList

    @classmethod
    def make(cls, port: Port) -> "World":
        gemm, other = Gemm(port), Gemm(ModelPort(PARAMETERS, size=1 << 16))
        freed, freed_permutation = gemm.store(A), gemm.store_permutation(np.arange(K))
        gemm.free(freed)
        gemm.free(freed_permutation)
        freed_list = recorded(gemm)
        gemm.free(freed_list)
        return cls(
            gemm=gemm,
            a=gemm.store(A),
            b=gemm.store(B),
            d=gemm.empty((M, N), MX6, 1),
            floats=gemm.store(rows(4, M, K)),
            bias=gemm.store(rows(5, 1, N)),
            permutation=gemm.store_permutation(np.arange(K)[::-1]),
            freed=freed,
            freed_permutation=freed_permutation,
            foreign=other.store(A),
            foreign_permutation=other.store_permutation(np.arange(K)),
            list=recorded(gemm),
            freed_list=freed_list,
            foreign_list=recorded(other),
        )


def recorded(gemm: Gemm) -> JobList:
    """A list of one product."""
    a, b, d = gemm.store(A), gemm.store(B), gemm.empty((M, N), MX6)
    with gemm.recording() as jobs:
        gemm.product(a, b, d)
    return jobs
