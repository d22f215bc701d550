"""How long a GPU takes."""

from dataclasses import dataclass
from typing import Self

from perf.rtx3090.kernels import kernels
from perf.rtx3090.sources import Device, sources
from perf.workloads.workload import Workload

__all__ = ["PRECISIONS", "Cost", "cost", "roofline_seconds"]

PRECISIONS = {"fp16": 2, "fp16-accumulate": 2, "int8": 1}
"""Bytes of a weight by the precision of products."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a GPU does in a time that depends on how well its kernels are made.

    Parameters
    ----------
    work:
        Seconds at peak: of each kernel the longer of its products and its traffic.
    launches:
        Kernels.
    """

    work: float
    launches: int

    def __add__(self, other: Self) -> "Cost":
        return Cost(work=self.work + other.work, launches=self.launches + other.launches)

    def __mul__(self, times: int) -> "Cost":
        return Cost(work=self.work * times, launches=self.launches * times)

    def seconds(self, efficiency: float) -> float:
        """Time where kernels reach a share of peak and bandwidth: ``work / efficiency``, and launches.

        Raises
        ------
        ValueError
            For an efficiency that is not above 0.
        """
        if efficiency <= 0:
            raise ValueError(f"an efficiency is above 0, not {efficiency!r}")
        return self.work / efficiency + self.launches * sources().assumptions["launch_seconds"].value


def cost(workload: Workload, device: Device, software: str) -> Cost:
    """What ``workload`` takes on ``device``.

    Parameters
    ----------
    workload, device:
        What and where.
    software:
        One of ``SOFTWARE``. TensorRT has the peak with sums in FP16, PyTorch that with sums in FP32.

    Raises
    ------
    ValueError
        For other software.
    """
    peak = 1e12 * (device.fp16_accumulate_tops if software == "tensorrt" else device.fp16_tops)
    bandwidth = 1e9 * device.gigabytes_per_second
    found = [
        max(kernel.flops / peak, kernel.bytes_moved / bandwidth) for kernel in kernels(workload, software)
    ]
    return Cost(work=sum(found), launches=len(found))


def roofline_seconds(workload: Workload, device: Device, precision: str) -> float:
    """What no software undercuts: products at their peak, or weights, inputs and outputs moved once.

    Parameters
    ----------
    workload, device:
        What and where.
    precision:
        One of ``PRECISIONS``, of all products, attention's too.

    Raises
    ------
    ValueError
        For another precision.
    """
    peaks = {
        "fp16": device.fp16_tops,
        "fp16-accumulate": device.fp16_accumulate_tops,
        "int8": device.int8_tops,
    }
    if precision not in peaks:
        raise ValueError(f"there is no roofline of {precision!r}, only of {', '.join(peaks)}")
    moved = workload.weights * PRECISIONS[precision] + workload.bytes_given
    return max(workload.flops / (1e12 * peaks[precision]), moved / (1e9 * device.gigabytes_per_second))
