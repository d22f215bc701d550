"""Modulation by a layer of the condition."""

import numpy as np
from numpy.typing import NDArray

from mixdit.compiler.block_weights import LinearWeights
from mixdit.compiler.layer import Layer
from mixdit.compiler.layer_inputs import LayerInputs
from mixdit.compiler.layer_jobs import LayerJobs
from mixdit.compiler.modulation import Modulation, joined
from mixdit.compiler.recorder import Recorder
from mixdit.driver import DeviceMatrix

__all__ = ["ConditionModulation"]


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
