"""A case: an engine from its power-up on, with a memory of its own: all follows from its numbers."""

import traceback
from collections import Counter
from dataclasses import dataclass

import numpy as np

from verif.hw.gemm.checked_engine import CheckedEngine
from verif.hw.gemm.fault_campaign import FaultCampaign
from verif.soak.designs import Design
from verif.soak.extremes import MEMORY_BITS, extreme_jobs, fill_gaps, shapes, steady_memory, work
from verif.soak.lives import live
from verif.soak.tally import fault_counts

__all__ = ["Outcome", "run_case"]

_EXTREMES = 0.1
"""Share of cases with jobs of extreme shapes."""

_LIFE_BYTES = 1 << 23
"""Of memory in which every byte is compared."""

_LIMIT = 10_000_000
"""Cycles without an interrupt after which an engine counts as hung, behind any memory."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a case.

    Parameters
    ----------
    number:
        Of the design's cases.
    counts:
        By ``verif.soak.tally.COLUMNS``.
    failure:
        What was wrong, text of many lines; empty if nothing was.
    """

    number: int
    counts: Counter[str]
    failure: str = ""


def run_case(design: Design, number: int) -> Outcome:
    """Run the case of this number on an engine, which is compiled first if need be."""
    rng = np.random.default_rng([design.seed, design.number, number])
    counts = Counter(cases=1)
    failure = ""
    extreme = rng.random() < _EXTREMES
    bits = min(design.parameters.address_bits, MEMORY_BITS)
    checked = CheckedEngine(
        design.parameters,
        rng,
        size=1 << bits if extreme else _LIFE_BYTES,
        limit=_LIMIT,
        sparse=extreme,
        **design.build,
    )
    campaign = FaultCampaign(checked, rng)
    try:
        if extreme:
            counts += _extreme(checked)
        else:
            counts["lists"] += live(checked, campaign, rng)
    except Exception:
        failure = traceback.format_exc()
    counts += fault_counts(campaign)
    counts += Counter(
        jobs=checked.expected.descriptors, outputs=checked.expected.outputs, cycles=checked.engine.cycles
    )
    checked.engine.close()
    return Outcome(number=number, counts=counts, failure=failure)


def _extreme(checked: CheckedEngine) -> Counter[str]:
    """Queue jobs of extreme shapes, and compare all that was touched."""
    rng, engine, p = checked.rng, checked.engine, checked.parameters
    engine.set_memory(steady_memory(rng))
    jobs = extreme_jobs(rng, engine.memory, p, str(rng.choice(shapes(p))))
    for job in jobs:
        fill_gaps(checked, job)
    checked.limit = _LIMIT + 20 * sum(work(p, job.descriptor) for job in jobs)
    rings = checked.run(jobs)
    return Counter(extremes=1, lists=sum(ring.is_list for ring in rings))
