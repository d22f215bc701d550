"""What was counted."""

from collections import Counter
from collections.abc import Iterable, Mapping

from verif.hw.gemm.fault_campaign import FaultCampaign
from verif.hw.gemm.fault_kinds import BUS_FAULTS

__all__ = ["COLUMNS", "fault_counts", "total"]

COLUMNS = ("cases", "jobs", "lists", "extremes", "bus faults", "resets", "refused", "outputs", "cycles")
"""Of tables: ``extremes`` are jobs of extreme shapes, ``refused`` faults in what the engine is told to do."""

_RESETS = ("soft reset", "reset")
_BUS_FAULTS = (*BUS_FAULTS, "error on an entry")


def fault_counts(campaign: FaultCampaign) -> Counter[str]:
    """The trials of a campaign in which the fault took place, by the columns above."""
    found: Counter[str] = Counter()
    for kind, counts in campaign.counts.items():
        column = "resets" if kind in _RESETS else "bus faults" if kind in _BUS_FAULTS else "refused"
        found[column] += counts["injected"]
    return found


def total(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    """The sum of many."""
    found: Counter[str] = Counter()
    for one in counts:
        found.update(one)
    return found
