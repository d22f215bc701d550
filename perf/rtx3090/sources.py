"""Published figures of GPUs, each with where it stands."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["SOFTWARE", "Assumption", "Device", "Measurement", "Sourced", "Sources", "Speedup", "sources"]

SOFTWARE = ("eager", "flash", "tensorrt")
"""Software with a model of time: PyTorch in FP16 without and with flash attention, TensorRT in FP16."""


@dataclass(frozen=True, kw_only=True)
class Sourced:
    """A figure with its source, and the line of it that says so.

    Raises
    ------
    ValueError
        If either is empty.
    """

    source: str
    line: str

    def __post_init__(self) -> None:
        if not self.source.strip() or not self.line.strip():
            raise ValueError(f"a published figure without a source: {self!r}")


@dataclass(frozen=True, kw_only=True)
class Device(Sourced):
    """A GPU.

    Parameters
    ----------
    title:
        For tables.
    fp16_tops, fp16_accumulate_tops, int8_tops:
        Peaks of its matrix units in 1e12 operations per second: of FP16 with sums in FP32, with sums in FP16,
        and of INT8.
    gigabytes_per_second:
        Bandwidth of its memory.
    """

    title: str
    fp16_tops: float
    fp16_accumulate_tops: float
    int8_tops: float
    gigabytes_per_second: float


@dataclass(frozen=True, kw_only=True)
class Measurement(Sourced):
    """What somebody measured and published.

    Parameters
    ----------
    device, model, software:
        A name in ``Sources.devices``, one of ``perf.workloads.models.MODELS``, one of ``SOFTWARE``.
    sizes:
        Of the network, where they are not the usual ones.
    framework:
        What ran it; the model of time knows PyTorch and TensorRT.
    seconds, steps:
        The time, and of how many steps it is.
    with_outside:
        Whether text encoders and VAE decoder are in it.
    calibrates:
        Whether the model of time is fitted to it. The others check it.
    """

    device: str
    model: str
    software: str
    framework: str
    seconds: float
    steps: int
    with_outside: bool
    calibrates: bool
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Speedup(Sourced):
    """How many times faster than ``over``, one of ``SOFTWARE``, a method is: between two figures."""

    over: str
    least: float
    most: float


@dataclass(frozen=True, kw_only=True)
class Assumption(Sourced):
    """A figure of the model of time."""

    value: float


@dataclass(frozen=True, kw_only=True)
class Sources:
    """All of ``sources.json``, by the names there."""

    devices: Mapping[str, Device]
    measurements: tuple[Measurement, ...]
    speedups: Mapping[str, Speedup]
    assumptions: Mapping[str, Assumption]


@functools.cache
def sources() -> Sources:
    """The published figures."""
    found = json.loads(Path(__file__).with_name("sources.json").read_text())
    return Sources(
        devices={name: Device(**each) for name, each in found["devices"].items()},
        measurements=tuple(Measurement(**each) for each in found["measurements"]),
        speedups={name: Speedup(**each) for name, each in found["speedups"].items()},
        assumptions={name: Assumption(**each) for name, each in found["assumptions"].items()},
    )
