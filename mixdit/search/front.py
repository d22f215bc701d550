"""Plans of which none is slower than another and no better."""

from dataclasses import dataclass, replace

import numpy as np

from mixdit.calibration.estimate import estimated_sqnr
from mixdit.calibration.latency import Latency
from mixdit.calibration.planning import make_plan
from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import Statistics
from mixdit.plan.array_passes import Price, array_passes
from mixdit.plan.plan import Plan
from mixdit.plan.timestep_plan import TimestepPlan

__all__ = ["FrontPlan", "search_front"]

NO_LIMIT = 1e6
"""A latency that no plan reaches."""


@dataclass(frozen=True)
class FrontPlan:
    """A plan of a front.

    Parameters
    ----------
    latency:
        Passes of the array, times those with all activations in MX6.
    sqnr_db:
        Of the model's output, estimated, without the error of weights.
    plan:
        The plan.
    """

    latency: float
    sqnr_db: float
    plan: Plan | TimestepPlan


def search_front(
    statistics: Statistics, settings: Settings, points: int, price: Price = array_passes
) -> list[FrontPlan]:
    """Plans for latencies from MX6 on, each better than all faster ones.

    Parameters
    ----------
    statistics:
        With sensitivities.
    settings:
        Shares, formats and rules; the limit on latency is set here, to numbers at equal distances.
    points:
        How many latencies to plan for, at least 2. Plans that are no better than a faster one are left out.
    price:
        What a product costs.

    Returns
    -------
    By latency, and so by quality.

    Raises
    ------
    ValueError
        Fewer points than 2; as `make_plan`.
    """
    if points < 2:
        raise ValueError(f"points must be at least 2, not {points!r}")
    latency = Latency(statistics, price)

    def planned(limit: float) -> FrontPlan:
        plan = make_plan(statistics, replace(settings, latency=limit), price)
        return FrontPlan(latency.relative(plan), estimated_sqnr(statistics, plan, settings), plan)

    slowest = planned(NO_LIMIT).latency
    found = [planned(float(limit)) for limit in np.linspace(1, slowest, points)]
    return undominated(found)


def undominated(plans: list[FrontPlan]) -> list[FrontPlan]:
    """Those better than every plan that is as fast or faster, by latency; of equal ones the first."""
    kept: list[FrontPlan] = []
    for each in sorted(plans, key=lambda plan: (plan.latency, -plan.sqnr_db)):
        if not kept or each.sqnr_db > kept[-1].sqnr_db:
            kept.append(each)
    return kept
