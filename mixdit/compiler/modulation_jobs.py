"""Shift, scale and gate of each sample, from a layer of its condition or from a table."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from golden.engine import MemoryFormat
from mixdit.compiler.block_weights import LinearWeights
from mixdit.compiler.layer import Layer
from mixdit.compiler.layer_inputs import LayerInputs
from mixdit.compiler.layer_jobs import LayerJobs
from mixdit.compiler.recorder import Recorder
from mixdit.driver import DeviceMatrix

__all__ = ["ConditionModulation", "Modulation", "TableModulation", "joined"]

_FLOAT = MemoryFormat.BINARY32


class Modulation:
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

    def shift_and_scale(
        self, part: str, shift: int, scale: int, order: NDArray[np.intp] | None
    ) -> DeviceMatrix:
        """Rows ``shift`` and ``scale`` of the modulation, 1 added to the scale: ``[2 * samples, width]``.

        ``order`` is the order of their channels; None for their own.
        """
        raise NotImplementedError

    def gate(self, part: str, gate: int, bias: NDArray[np.float32]) -> DeviceMatrix:
        """A bias, a constant, and row ``gate`` of the modulation: ``[2 * samples, width]``."""
        raise NotImplementedError

    def _pairs(self, name: str) -> DeviceMatrix:
        return self._recorder.room(name, (2 * self._samples, self._width), _FLOAT)

    def _with_bias(self, part: str, bias: NDArray[np.float32]) -> DeviceMatrix:
        gated = self._pairs(f"{self._block}: bias and gate of the {part}")
        for s in range(self._samples):
            name = f"{self._block}: bias of the {part}"
            self._recorder.fill(name, gated.rows(2 * s, 2 * s + 1), bias[None])
        return gated


class ConditionModulation(Modulation):
    """Modulation by a linear layer of the activated condition, as adaLN-zero has it.

    Parameters
    ----------
    recorder, block:
        What notes the jobs, and the block's name.
    layer:
        Its outputs are the modulation's rows, one behind the other.
    inputs:
        The activated condition.
    samples, width:
        Conditions, and channels of a row.
    """

    def __init__(
        self, recorder: Recorder, block: str, layer: Layer, inputs: LayerInputs, samples: int, width: int
    ) -> None:
        super().__init__(recorder, block, samples, width)
        self._layer, self._condition = layer, inputs.of(layer)

    def shift_and_scale(
        self, part: str, shift: int, scale: int, order: NDArray[np.intp] | None
    ) -> DeviceMatrix:
        result = self._pairs(f"shift and scale of the {part}")
        taken = slice(None) if order is None else order
        rows = [self._row(n).rows(taken).weights for n in (shift, scale)]
        both = LinearWeights(
            np.concatenate([rows[0].weight, rows[1].weight]),
            np.concatenate([rows[0].bias, rows[1].bias + np.float32(1)]),
        )
        self._product(f"shift and scale of the {part}", self._layer.with_weights(both), joined(result))
        return result

    def gate(self, part: str, gate: int, bias: NDArray[np.float32]) -> DeviceMatrix:
        result = self._with_bias(part, bias)
        self._product(f"gate of the {part}", self._row(gate), result.every(1, 2))
        return result

    def _row(self, n: int) -> Layer:
        return self._layer.rows(slice(n * self._width, (n + 1) * self._width))

    def _product(self, name: str, layer: Layer, d: DeviceMatrix) -> None:
        LayerJobs(self._recorder, self._block).product(name, layer, self._condition, d)


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


def joined(pairs: DeviceMatrix) -> DeviceMatrix:
    """Each two rows of floats as one."""
    rows, columns = pairs.shape
    return replace(pairs, shape=(rows // 2, 2 * columns), pitch=2 * pairs.pitch)
