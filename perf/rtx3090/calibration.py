"""The efficiencies of the model of time, from published measurements, and how far it is off others."""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from perf.rtx3090.sources import Measurement, sources
from perf.rtx3090.time_model import Cost, cost
from perf.workloads.extract import extract
from perf.workloads.models import build, published
from perf.workloads.workload import Workload

__all__ = ["GROUPS", "Check", "checks", "cost_of", "efficiencies", "fit"]

GROUPS = {"eager": "PyTorch", "flash": "PyTorch", "tensorrt": "TensorRT"}
"""Kinds of software by what they have an efficiency in common with."""

_LEAST, _MOST, _STEPS = 0.01, 2.0, 80


@dataclass(frozen=True, kw_only=True)
class Check:
    """A measurement beside what the model of time says, in seconds."""

    measurement: Measurement
    calculated: float

    @property
    def error(self) -> float:
        """By what share the calculation is too long; negative if it is too short."""
        return self.calculated / self.measurement.seconds - 1


@functools.cache
def efficiencies() -> dict[str, float]:
    """The share of peak and bandwidth that kernels reach, by ``GROUPS``: of least error where fitted."""
    found = {}
    for group in dict.fromkeys(GROUPS.values()):
        fitted = [of for of in sources().measurements if of.calibrates and GROUPS[of.software] == group]
        found[group] = fit([(cost_of(measurement), measurement.seconds) for measurement in fitted])
    return found


def fit(points: Sequence[tuple[Cost, float]]) -> float:
    """The efficiency with the least sum of squared logarithms of calculated over measured times.

    Parameters
    ----------
    points:
        What was done, and in how many seconds.

    Raises
    ------
    ValueError
        Without a point.
    """
    if not points:
        raise ValueError("an efficiency needs a measurement to be fitted to")
    return _lowest(
        lambda efficiency: sum(math.log(of.seconds(efficiency) / took) ** 2 for of, took in points)
    )


def cost_of(measurement: Measurement) -> Cost:
    """What was done in the time of ``measurement``."""
    device, software = sources().devices[measurement.device], measurement.software
    total = cost(_step(measurement), device, software) * measurement.steps
    if measurement.with_outside:
        for part in published(measurement.model).outside.values():
            total += cost(part, device, software)
    return total


def checks() -> list[Check]:
    """Every measurement beside its calculation, those that calibrate first."""
    found = [
        Check(measurement=of, calculated=cost_of(of).seconds(efficiencies()[GROUPS[of.software]]))
        for of in sources().measurements
    ]
    return sorted(found, key=lambda check: not check.measurement.calibrates)


def _step(measurement: Measurement) -> Workload:
    if not measurement.sizes:
        return published(measurement.model).step
    return _step_of_size(measurement.model, tuple(measurement.sizes.items()))


@functools.cache
def _step_of_size(model: str, sizes: tuple[tuple[str, int], ...]) -> Workload:
    module, inputs = build(model, **dict(sizes))
    return extract(module, name=model, **inputs)


def _lowest(error: Callable[[float], float]) -> float:
    """Where ``error``, which falls and then rises, is lowest: by thirds of a logarithmic range."""
    low, high = math.log(_LEAST), math.log(_MOST)
    for _ in range(_STEPS):
        third = (high - low) / 3
        if error(math.exp(low + third)) < error(math.exp(high - third)):
            high -= third
        else:
            low += third
    return math.exp((low + high) / 2)
