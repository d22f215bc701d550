"""Jobs that work on what the one before wrote."""

import numpy as np

from golden.engine import QUANTIZED_FORMATS, Descriptor, EngineParameters, MemoryFormat
from verif.hw.gemm.random_jobs import Job, Layout, random_job, random_sizes

__all__ = ["dependent_jobs"]


def dependent_jobs(rng: np.random.Generator, layout: Layout, p: EngineParameters) -> list[Job]:
    """A chain: each job reads the result of the one before as A, as B, as old values of D, as bias."""

    def blocks() -> int:
        return int(rng.choice(QUANTIZED_FORMATS))

    def sizes(**fixed: int) -> dict[str, int]:
        return random_sizes(rng, p) | fixed

    jobs = [random_job(rng, layout, **sizes(), d_format=blocks(), accumulate=0)]
    d = jobs[-1].descriptor
    jobs.append(
        random_job(rng, layout, **sizes(m=d.m, k=d.n), d_format=blocks(), accumulate=0, **_operand("a", d))
    )
    d = jobs[-1].descriptor
    jobs.append(
        random_job(
            rng,
            layout,
            **sizes(n=d.m, k=d.n),
            d_format=MemoryFormat.BINARY32,
            accumulate=0,
            **_operand("b", d),
        )
    )
    d = jobs[-1].descriptor
    jobs.append(
        random_job(
            rng,
            layout,
            **sizes(m=d.m, n=d.n),
            d_format=MemoryFormat.BINARY32,
            accumulate=1,
            d_address=d.d_address,
            d_pitch=d.d_pitch,
        )
    )
    row = d.d_address + int(rng.integers(d.m)) * d.d_pitch
    jobs.append(random_job(rng, layout, **sizes(n=d.n), bias=1, bias_address=row))
    return jobs


def _operand(name: str, d: Descriptor) -> dict[str, int]:
    """Fields that make the result of ``d`` operand ``name`` of a job."""
    return {
        f"{name}_address": d.d_address,
        f"{name}_pitch": d.d_pitch,
        f"{name}_format": d.d_format,
        f"{name}_mx9_blocks": d.d_mx9_blocks,
    }
