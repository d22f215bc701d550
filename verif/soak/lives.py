"""An engine's life: rounds of jobs and faults one after the other, on what those before left."""

import numpy as np

from verif.hw.gemm.checked_engine import CheckedEngine, random_memory
from verif.hw.gemm.fault_campaign import FaultCampaign
from verif.hw.gemm.fault_kinds import MUST_BE_ZERO
from verif.hw.gemm.random_jobs import Layout
from verif.hw.gemm.rounds import random_round

__all__ = ["live"]

_STEPS = 8
"""Most rounds and faults in a life."""

_FAULTS = 0.45
"""Share of them that are faults."""


def live(checked: CheckedEngine, campaign: FaultCampaign, rng: np.random.Generator) -> int:
    """One life; how many lists there were beside those of the campaign.

    Raises ``AssertionError`` on whatever is not as golden has it.
    """
    lists = 0
    for _ in range(int(rng.integers(3, _STEPS + 1))):
        if rng.random() < _FAULTS:
            _suffer(campaign, str(rng.choice(campaign.kinds())))
            continue
        checked.engine.set_memory(random_memory(rng))
        rings = checked.run(random_round(rng, Layout(rng, checked.origin), checked.parameters))
        lists += sum(ring.is_list for ring in rings)
    return lists


def _suffer(campaign: FaultCampaign, kind: str) -> None:
    campaign.trial(kind)
    if bad := [name for name in MUST_BE_ZERO if campaign.counts[kind][name]]:
        raise AssertionError(f"{kind}: {', '.join(bad)} {campaign.why}".rstrip())
