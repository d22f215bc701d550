"""Times of published networks on an RTX 3090, by several kinds of software."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from perf.rtx3090.calibration import GROUPS, efficiencies
from perf.rtx3090.sources import SOFTWARE, Sources, sources
from perf.rtx3090.time_model import PRECISIONS, cost, roofline_seconds
from perf.workloads.models import MODELS, PublishedModel, published
from perf.workloads.workload import Workload

__all__ = ["BASELINES", "DEVICE", "STATUSES", "Figure", "Row", "row", "rows"]

DEVICE = "rtx-3090"

STATUSES = {
    "M": "measured by others, and published",
    "C": "calculated: a roofline from exact counts and a published peak, a time by the model checked below",
    "A": "assumed: a published factor of another network or GPU carries over",
}
"""What stands behind a figure."""

BASELINES = {
    "roofline-fp16": "roofline at 71 TOPS: FP16, sums in FP32",
    "roofline-fp16-accumulate": "roofline at 142 TOPS: FP16, sums in FP16",
    "roofline-int8": "roofline at 284 TOPS: INT8",
    "eager": "PyTorch FP16, attention in its parts",
    "flash": "PyTorch FP16, flash attention",
    "tensorrt": "TensorRT FP16",
    "w8a8": "W8A8",
    "tensorrt-int8": "TensorRT INT8",
}
"""The baselines and what tables call them."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A time in seconds between two ends, which are the same where there is one figure, and its status."""

    least: float
    most: float
    status: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """A network by one baseline.

    Parameters
    ----------
    model, title, baseline:
        Which; ``baseline`` is one of ``BASELINES``.
    step:
        A step with guidance: one call of the transformer.
    image:
        All steps of an image.
    whole_image:
        The same with text encoders and VAE decoder, which integer baselines make in FP16.
    measured:
        ``whole_image`` as others measured it, if they did.
    """

    model: str
    title: str
    baseline: str
    step: Figure
    image: Figure
    whole_image: Figure
    measured: Figure | None


def rows(models: Iterable[str] = MODELS) -> list[Row]:
    """Every baseline of every network of ``models``."""
    return [row(model, baseline) for model in models for baseline in BASELINES]


def row(model: str, baseline: str) -> Row:
    """A network by a baseline.

    Raises
    ------
    ValueError
        If ``model`` is not in ``MODELS`` or ``baseline`` not in ``BASELINES``.
    """
    if baseline not in BASELINES:
        raise ValueError(f"there is no baseline {baseline!r}, only {', '.join(BASELINES)}")
    network = published(model)
    speedup = sources().speedups.get(baseline)
    software = speedup.over if speedup else baseline
    time = _time_of(software)
    step, outside = time(network.step), sum(time(part) for part in network.outside.values())
    least, most = (step / speedup.most, step / speedup.least) if speedup else (step, step)
    status = "A" if speedup else "C"
    steps = network.image.steps

    def figure(times: int, besides: float = 0.0) -> Figure:
        return Figure(least=times * least + besides, most=times * most + besides, status=status)

    return Row(
        model=model,
        title=network.title,
        baseline=baseline,
        step=figure(1),
        image=figure(steps),
        whole_image=figure(steps, outside),
        measured=_measured(model, baseline, network, sources()),
    )


def _time_of(software: str) -> Callable[[Workload], float]:
    device = sources().devices[DEVICE]
    precision = software.removeprefix("roofline-")
    if precision in PRECISIONS:
        return lambda workload: roofline_seconds(workload, device, precision)
    assert software in SOFTWARE
    efficiency = efficiencies()[GROUPS[software]]
    return lambda workload: cost(workload, device, software).seconds(efficiency)


def _measured(model: str, baseline: str, network: PublishedModel, found: Sources) -> Figure | None:
    of_same = [
        measurement.seconds
        for measurement in found.measurements
        if (measurement.device, measurement.model, measurement.software) == (DEVICE, model, baseline)
        and measurement.with_outside
        and measurement.steps == network.image.steps
        and not measurement.sizes
    ]
    return Figure(least=min(of_same), most=max(of_same), status="M") if of_same else None
