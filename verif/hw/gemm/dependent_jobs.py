"""Jobs that work on what the one before wrote."""

import numpy as np

from golden.engine import QUANTIZED_FORMATS, EngineParameters, MemoryFormat
from verif.hw.gemm.random_jobs import Job, Layout, random_job, random_sizes

__all__ = ["dependent_jobs"]

FORMATS = QUANTIZED_FORMATS


def dependent_jobs(rng: np.random.Generator, layout: Layout, p: EngineParameters) -> list[Job]:
    """A product of random operands, one of its result, and one added to the result of that."""
    first = random_job(rng, layout, **random_sizes(rng, p), d_format=int(rng.choice(FORMATS)), accumulate=0)
    d = first.descriptor
    second = random_job(
        rng,
        layout,
        **(random_sizes(rng, p) | {"m": d.m, "k": d.n}),
        d_format=MemoryFormat.BINARY32,
        a_address=d.d_address,
        a_pitch=d.d_pitch,
        a_format=d.d_format,
        a_mx9_blocks=d.d_mx9_blocks,
    )
    d = second.descriptor
    third = random_job(
        rng,
        layout,
        **(random_sizes(rng, p) | {"m": d.m, "n": d.n}),
        d_format=MemoryFormat.BINARY32,
        accumulate=1,
        d_address=d.d_address,
        d_pitch=d.d_pitch,
    )
    return [first, second, third]
