"""Shift, scale and gate of each sample, in pairs of rows as jobs take them."""

from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from golden.engine import MemoryFormat
from mixdit.compiler.recorder import Recorder
from mixdit.driver import DeviceMatrix

__all__ = ["Modulation", "joined"]


class Modulation(ABC):
    """Rows of floats, in pairs as jobs take them: of each sample shift and scale, or bias and gate.

    Parameters
    ----------
    recorder, block:
        What notes the jobs, and the block's name.
    samples, width:
        Conditions, and channels of a row.
    """

    def __init__(self, recorder: Recorder, block: str, samples: int, width: int) -> None:
        self._recorder, self._block, self._samples, self._width = recorder, block, samples, width

    @abstractmethod
    def shift_and_scale(
        self, part: str, shift: int, scale: int, order: NDArray[np.intp] | None
    ) -> DeviceMatrix:
        """Rows ``shift`` and ``scale`` of the modulation, 1 added to the scale: ``[2 * samples, width]``.

        ``order`` is the order of their channels; None for their own.
        """

    @abstractmethod
    def gate(self, part: str, gate: int, bias: NDArray[np.float32]) -> DeviceMatrix:
        """A bias, a constant, and row ``gate`` of the modulation: ``[2 * samples, width]``."""

    def _pairs(self, name: str) -> DeviceMatrix:
        return self._recorder.room(name, (2 * self._samples, self._width), MemoryFormat.BINARY32)

    def _with_bias(self, part: str, bias: NDArray[np.float32]) -> DeviceMatrix:
        gated = self._pairs(f"{self._block}: bias and gate of the {part}")
        for s in range(self._samples):
            name = f"{self._block}: bias of the {part}"
            self._recorder.fill(name, gated.rows(2 * s, 2 * s + 1), bias[None])
        return gated


def joined(pairs: DeviceMatrix) -> DeviceMatrix:
    """Each two rows of floats as one."""
    rows, columns = pairs.shape
    return replace(pairs, shape=(rows // 2, 2 * columns), pitch=2 * pairs.pitch)
