"""Jobs that work on what the one before wrote."""

import numpy as np

from golden.engine import QUANTIZED_FORMATS, Descriptor, EngineParameters, MemoryFormat
from verif.hw.gemm.random_jobs import Job, Layout, random_job, random_sizes

__all__ = ["dependent_jobs"]


def dependent_jobs(rng: np.random.Generator, layout: Layout, p: EngineParameters) -> list[Job]:
    """A chain: each job reads the result of the one before as A, as B, as old values of D, as bias.

    On an engine with functions the last one reads it as scale, bias or gate.
    """
    jobs: list[Job] = []
    functions = p.function_lanes > 0

    def then(*, quantized: bool = False, **fixed: int) -> Descriptor:
        sizes = random_sizes(rng, p)
        if quantized:
            fixed |= {"d_format": int(rng.choice(QUANTIZED_FORMATS)), "accumulate": 0}
        jobs.append(random_job(rng, layout, functions=functions, **(sizes | fixed)))
        return jobs[-1].descriptor

    floats = MemoryFormat.BINARY32
    d = then(quantized=True)
    d = then(m=d.m, k=d.n, quantized=True, **_operand("a", d))
    d = then(n=d.m, k=d.n, d_format=floats, accumulate=0, **_operand("b", d))
    d = then(m=d.m, n=d.n, d_format=floats, accumulate=1, d_address=d.d_address, d_pitch=d.d_pitch)
    row = d.d_address + int(rng.integers(d.m)) * d.d_pitch
    alone = {"scale": 0, "bias": 0, "gate": 0, "gate_by_row": 0, "bias_address": row}
    ways = [{"n": d.n, "bias": 1}]
    if functions:
        ways += [{"n": d.n, "scale": 1}, {"n": d.n, "gate": 1}, {"m": d.n, "gate": 1, "gate_by_row": 1}]
    then(**(alone | ways[int(rng.integers(len(ways)))]))
    return jobs


def _operand(name: str, d: Descriptor) -> dict[str, int]:
    """Fields that make the result of ``d`` operand ``name`` of a job."""
    return {
        f"{name}_address": d.d_address,
        f"{name}_pitch": d.d_pitch,
        f"{name}_format": d.d_format,
        f"{name}_mx9_blocks": d.d_mx9_blocks,
    }
