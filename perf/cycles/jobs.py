"""Descriptors as the model takes them."""

import math

import numpy as np
from numpy.typing import NDArray

from golden.engine import Descriptor, EngineParameters, Norm, Operation, check, regions, stationary_group
from golden.engine.reuse import MOST_SPLIT
from golden.formats import BLOCK_SIZE
from golden.functions.norm import MEAN_BITS, STATISTIC_BITS
from hw.functions.row_sums import FINE_BITS
from hw.functions.variance import BITS
from hw.gemm.jobs.region import REGION_NAMES
from perf.cycles.library import Job, Region

__all__ = ["block_turns", "job_of"]


def job_of(
    descriptor: Descriptor, parameters: EngineParameters, *, ends_list: bool = False, entry: int = 0
) -> Job:
    """A job for the model, of a list if it ``ends_list`` or its ``entry`` is at an address.

    Raises ``ValueError`` for a descriptor that the engine refuses.
    """
    d = descriptor
    if code := check(d, parameters):
        raise ValueError(f"descriptor must be one that the engine takes, not one with {code.name}")
    product = d.operation == Operation.PRODUCT
    k_blocks = -(-d.k // BLOCK_SIZE)
    group = stationary_group(parameters, k_blocks, bool(d.keep_b)) if product else 0
    splits = (s for s in range(MOST_SPLIT.bit_length()) if k_blocks <= parameters.k_blocks >> s)
    found = regions(d)
    job = Job(
        reorder=int(not product),
        k_blocks=k_blocks,
        stride=max(splits, default=0),
        group=group or 1,
        resident=int(group > 0),
        vectors=d.scale + d.bias + d.gate,
        a_leading=d.a_mx9_blocks,
        b_leading=d.b_mx9_blocks,
        norm=int(d.norm != Norm.NONE),
        mean=int(d.norm == Norm.LAYER),
        exponential=int(d.norm == Norm.EXPONENTIAL),
        ends_list=int(ends_list),
        entry=entry,
        **{name: int(getattr(d, name)) for name in _SAME},
    )
    if d.norm and not job.exponential:
        job.variance_cycles, job.factor_cycles = _statistic_cycles(d.n, bool(job.mean))
    for n, name in enumerate(REGION_NAMES):
        if name in found:
            job.regions[n] = Region(start=found[name].address, last=found[name].end - 1, present=1)
    return job


_SAME = (
    *(
        "m",
        "n",
        "keep_b",
        "bias",
        "accumulate",
        "scale",
        "gate",
        "gate_by_row",
        "function",
        "permute",
        "divide",
    ),
    *("a_address", "b_address", "d_address", "bias_address", "a_pitch", "b_pitch", "d_pitch"),
    *("a_format", "b_format", "d_format", "d_mx9_blocks"),
)


def block_turns(indices: NDArray[np.uint16]) -> NDArray[np.int32]:
    """Cycles in which the reorder unit gathers each block of a row: int32 ``[blocks]``.

    ``indices`` are uint16 ``[columns]``.

    As many as its busiest bank gives elements. What lies behind the last index counts too, and is not known:
    the last block is taken to be in order there.
    """
    blocks = -(-len(indices) // BLOCK_SIZE)
    banks = np.arange(blocks * BLOCK_SIZE) % BLOCK_SIZE
    banks[: len(indices)] = indices % BLOCK_SIZE
    counts = (banks.reshape(blocks, BLOCK_SIZE, 1) == np.arange(BLOCK_SIZE)).sum(axis=1)
    turns: NDArray[np.int32] = counts.max(axis=1).astype(np.int32)
    return turns


def _statistic_cycles(width: int, mean: bool) -> tuple[int, int]:
    """What the variance and the factors of a row take that depends on its values: of normal random numbers.

    The former looks for the variance's highest bit, the latter goes through all bits of width and total.
    """
    deviation = STATISTIC_BITS - math.log2(_LARGEST)  # bits of a deviation, in a row's units
    shifts = (BITS - 1 - 2 * (deviation + math.log2(width))) // 2
    total = deviation + math.log2(width) / 2 + FINE_BITS - MEAN_BITS if mean else 1
    return round(max(0, shifts)), width.bit_length() + round(total)


_LARGEST = 4
"""Power of two above the largest of a row's normal numbers, in deviations."""
