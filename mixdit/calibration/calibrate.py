"""From a model and batches to a plan, in one call."""

from collections.abc import Iterable, Sequence

from torch import nn

from mixdit.calibration.planning import make_plan
from mixdit.calibration.recorder import Recorder
from mixdit.calibration.sensitivity import measure_sensitivity
from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import Statistics
from mixdit.layers.balanced import balanced_layers, plan_of_balanced
from mixdit.layers.batches import Batch, call
from mixdit.plan.plan import Plan
from mixdit.plan.timestep_plan import TimestepPlan

__all__ = ["calibrate", "collect"]


def collect(model: nn.Module, batches: Iterable[Batch], settings: Settings | None = None) -> Statistics:
    """Statistics of a model over batches, from which `make_plan` makes plans for any settings.

    Parameters
    ----------
    model:
        In floating point; its mode (``eval()``) stays.
    batches:
        Arguments of the model, over many timesteps.
    settings:
        How many tokens to draw, and from which seed. With ``choice="sensitivity"``, sensitivities are
        measured too, and all batches are kept in memory.

    Raises
    ------
    ValueError
        No batch.
    """
    settings = settings or Settings()
    kept: Sequence[Batch] | Iterable[Batch] = batches
    if settings.choice == "sensitivity":
        kept = list(batches)
    statistics = Statistics()
    with Recorder(model, statistics, tokens=settings.tokens, seed=settings.seed):
        for batch in kept:
            call(model, batch)
    if not statistics.passes:
        raise ValueError("batches must hold at least 1 batch, not 0")
    if settings.choice == "sensitivity":
        measure_sensitivity(model, kept, statistics, settings)
    return statistics


def calibrate(
    model: nn.Module, batches: Iterable[Batch], settings: Settings | None = None
) -> Plan | TimestepPlan:
    """Watch a model over batches and plan its precision.

    Parameters and errors as `collect` and `make_plan`.

    Returns
    -------
    `Plan`, or `TimestepPlan` where the settings ask for several groups of timesteps.
    """
    settings = settings or Settings()
    plan = make_plan(collect(model, batches, settings), settings)
    return plan_of_balanced(plan, balanced_layers(model))
