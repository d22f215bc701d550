"""The fault campaign: bus errors, resets and bad descriptors at random moments."""

import numpy as np
import pytest

from verif.hw.gemm.checked_engine import CheckedEngine
from verif.hw.gemm.fault_campaign import FaultCampaign
from verif.hw.gemm.fault_kinds import MUST_BE_ZERO
from verif.hw.gemm.test_campaign import ENGINES
from verif.runner import seed

FULL, SAMPLE = 40, 4
"""Trials of each kind, on each engine of the campaign, and on one in every run of the tests."""

COLUMNS = ("trials", "injected", *MUST_BE_ZERO)


def run_faults(name: str, trials: int, tabulate) -> None:
    rng = np.random.default_rng([seed(), list(ENGINES).index(name), 1])
    campaign = FaultCampaign(CheckedEngine(ENGINES[name], rng), rng)
    for kind in campaign.kinds():
        for _ in range(trials):
            campaign.trial(kind)
    for kind, counts in campaign.counts.items():
        tabulate("faults in the engine", kind, {key: counts[key] for key in COLUMNS})
    for kind, counts in campaign.counts.items():
        assert not any(counts[key] for key in MUST_BE_ZERO), (kind, counts)
        assert counts["injected"] >= counts["trials"] // 2, (kind, counts)


@pytest.mark.slow
def test_sample_of_faults(tabulate):
    run_faults("128 bits, reorder and functions", SAMPLE, tabulate)


@pytest.mark.engine
@pytest.mark.parametrize("name", ENGINES)
def test_faults(name, tabulate):
    """Every fault is reported, memory outside D is untouched, and a soft reset leaves a working engine."""
    run_faults(name, FULL, tabulate)
