"""What the demonstration measures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixdit.demo.linear import Array

__all__ = ["ArrayFigures", "Comparison", "EngineFigures", "Figures", "snr_db"]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one plan gave.

    Parameters
    ----------
    plan:
        Its name.
    snr_db:
        Power of the float64 results over that of the difference, in decibels.
    mismatches, outputs:
        Outputs of the hardware that differ from golden in any bit, of so many compared.
    cycles:
        Clock cycles of all products.
    passes:
        Cycles in which every processing element worked.
    utilization:
        Passes per cycle; of the array alone, from the first pass of each product to its last.
    """

    plan: str
    snr_db: float
    mismatches: int
    outputs: int
    cycles: int
    passes: int
    utilization: float


@dataclass(frozen=True, kw_only=True)
class ArrayFigures(Figures):
    """Digits on the array.

    Parameters
    ----------
    accuracy:
        Share of the images with the right digit.
    agreement:
        Share of the images with the same digit as in float64.
    bits:
        Storage per value of the operands, on average.
    """

    accuracy: float
    agreement: float
    bits: float


@dataclass(frozen=True, kw_only=True)
class EngineFigures(Figures):
    """A transformer block on the engine.

    Parameters
    ----------
    bytes_read, bytes_written:
        Traffic with the memory.
    """

    bytes_read: int
    bytes_written: int


class Comparison:
    """Counts ``outputs``, and ``mismatches`` among them: those that differ from golden in any bit."""

    def __init__(self) -> None:
        self.outputs = self.mismatches = 0

    def add(self, values: NDArray[np.float32], expected: NDArray[np.float32]) -> None:
        """Compare what a product gave."""
        self.outputs += expected.size
        self.mismatches += int((values.view(np.uint32) != expected.view(np.uint32)).sum())


def snr_db(values: Array, reference: Array) -> float:
    """Power of ``reference`` over that of what differs in ``values``, in decibels."""
    return float(10 * np.log10(np.square(reference).sum() / np.square(values - reference).sum()))
