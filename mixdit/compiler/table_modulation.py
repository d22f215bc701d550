"""Modulation by a table of the block's own, to which the condition adds."""

import numpy as np
from numpy.typing import NDArray

from mixdit.compiler.modulation import Modulation, joined
from mixdit.compiler.recorder import Recorder
from mixdit.driver import DeviceMatrix

__all__ = ["TableModulation"]


class TableModulation(Modulation):
    """Modulation as the sum of a table of the block's and rows that come with the condition.

    Rows are copied from the table, then the condition's are added, as the bias of a product of zeros.

    Parameters
    ----------
    recorder, block:
        What notes the jobs, and the block's name.
    table:
        float32 ``[rows, width]``.
    condition:
        binary32 ``[samples, rows * width]``.
    """

    def __init__(
        self, recorder: Recorder, block: str, table: NDArray[np.float32], condition: DeviceMatrix
    ) -> None:
        super().__init__(recorder, block, condition.shape[0], table.shape[1])
        self._table, self._condition = table, condition

    def shift_and_scale(
        self, part: str, shift: int, scale: int, order: NDArray[np.intp] | None
    ) -> DeviceMatrix:
        if scale != shift + 1:
            raise ValueError(f"scale must lie behind shift {shift}, not at {scale}")
        ordered = result = self._pairs(f"shift and scale of the {part}")
        if order is not None:
            ordered = self._pairs(f"shift and scale of the {part}, in order")
        rows = self._table[shift : scale + 1] + np.array([[0], [1]], np.float32)
        self._add(f"shift and scale of the {part}", rows, shift, result, joined(result))
        if order is not None:
            permutation = self._recorder.permutation(
                f"{self._block}: order of the {part}'s modulation", order
            )
            name = f"{self._block}: order of shift and scale of the {part}"
            self._recorder.named(name).reorder(result, ordered, permutation)
        return ordered

    def gate(self, part: str, gate: int, bias: NDArray[np.float32]) -> DeviceMatrix:
        result = self._with_bias(part, bias)
        gates = result.every(1, 2)
        self._add(f"gate of the {part}", self._table[gate : gate + 1], gate, gates, gates)
        return result

    def _add(
        self, name: str, rows: NDArray[np.float32], first: int, copies: DeviceMatrix, sums: DeviceMatrix
    ) -> None:
        """``rows`` of the table for each sample, plus the condition's from row ``first`` on."""
        r, title = self._recorder, f"{self._block}: {name}"
        table = r.constant(f"{self._block}: table of {name}", np.tile(rows, (self._samples, 1)))
        r.named(f"{title}, of the table").reorder(table, copies)
        columns = sums.shape[1]
        zero, zeros = r.zeros(1), r.zeros(columns)
        start = first * self._width
        for s in range(self._samples):
            r.named(f"{title}, plus the condition of sample {s}").product(
                zero,
                zeros,
                sums.rows(s, s + 1),
                bias=self._condition.rows(s, s + 1).columns(start, start + columns),
                accumulate=True,
            )
