"""Products and row jobs among each other, many of which touch what one of those before reads or writes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from golden.engine import Descriptor, EngineParameters, ErrorCode, Operation, check, regions
from verif.hw.gemm.random_jobs import Job, Layout, random_job, random_sizes
from verif.hw.gemm.reorder_jobs import random_reorder_job

__all__ = ["KINDS", "MEETINGS", "meeting_jobs", "meetings"]

KINDS = ("PP", "PR", "RP", "RR")
"""What a job is, and what one before it is: a product or a row job."""

MEETINGS = ("nothing", "reads what it writes", "writes what it reads", "writes what it writes")
"""How a job meets one of the two before it: what it does with what the other does."""

_STEP = 4
"""Addresses are multiples of it, whatever the format."""

_TRIES = 5
"""Places that are tried for a job to meet another one."""


def meeting_jobs(rng: np.random.Generator, layout: Layout, p: EngineParameters) -> list[Job]:
    """Four to eight jobs, each of which meets one of the two before as one of ``MEETINGS`` says.

    No permutation is written.
    """
    jobs: list[Job] = []
    for _ in range(int(rng.integers(4, 9))):
        job = _job(rng, layout, p)
        how = str(rng.choice(MEETINGS))
        tables = [regions(other.descriptor)["B"] for other in (*jobs, job) if other.descriptor.permute]
        for _ in range(_TRIES if jobs else 0):
            before = jobs[-int(rng.integers(1, 3)) :][0].descriptor
            moved = _moved(rng, job.descriptor, before, how)
            written = regions(moved)["D"]
            good = written.end <= layout.next and not any(table.overlaps(written) for table in tables)
            if good and check(moved, p) == ErrorCode.NONE:
                job = replace(job, descriptor=moved)
                break
        jobs.append(job)
    return jobs


def _job(rng: np.random.Generator, layout: Layout, p: EngineParameters) -> Job:
    """A short row job, or a product."""
    functions = p.function_lanes > 0
    if rng.random() < 0.5:
        m, n = int(rng.integers(1, 20)), int(rng.integers(1, p.reorder_columns + 1))
        return random_reorder_job(rng, layout, m=m, n=n, functions=functions)
    return random_job(rng, layout, **random_sizes(rng, p), functions=functions)


def _moved(rng: np.random.Generator, d: Descriptor, before: Descriptor, how: str) -> Descriptor:
    """The job with one of its matrices where one of the job's before lies."""
    if how == "nothing":
        return d
    name, place = "D", "D"
    if how == "reads what it writes":
        fixed = "DB" if d.permute else "D"
        name = str(rng.choice([name for name in regions(d) if name not in fixed]))
    elif how == "writes what it reads":
        place = str(rng.choice([name for name in regions(before) if name != "D"]))
    region = regions(before)[place]
    at = region.address if rng.random() < 0.5 else int(rng.integers(region.address, region.end))
    return replace(d, **{f"{name.lower()}_address": at & -_STEP})


def meetings(descriptors: Sequence[Descriptor]) -> Iterator[tuple[str, int, str]]:
    """Of each job and of each of the two before it: ``KINDS``, how many jobs before, ``MEETINGS``."""
    for number, d in enumerate(descriptors):
        own = regions(d)
        for back in (1, 2):
            if back > number:
                continue
            before = descriptors[number - back]
            theirs = regions(before)
            kinds = "".join("PR"[job.operation == Operation.REORDER] for job in (d, before))
            read = [region for name, region in own.items() if name != "D"]
            read_before = [region for name, region in theirs.items() if name != "D"]
            found = {
                "reads what it writes": any(region.overlaps(theirs["D"]) for region in read),
                "writes what it reads": any(region.overlaps(own["D"]) for region in read_before),
                "writes what it writes": own["D"].overlaps(theirs["D"]),
            }
            yield from ((kinds, back, how) for how in found if found[how])
            if not any(found.values()):
                yield kinds, back, "nothing"
