"""Products of linear layers, and the activation of a condition."""

from collections.abc import Iterable

import numpy as np

from golden import Tensor
from mixdit.compiler.layer import Layer
from mixdit.compiler.recorder import Recorder
from mixdit.driver import DeviceMatrix

__all__ = ["LayerJobs", "activate"]


class LayerJobs:
    """Records products of the layers of one block.

    Parameters
    ----------
    recorder:
        What notes the jobs.
    block:
        The block's name.
    """

    def __init__(self, recorder: Recorder, block: str) -> None:
        self.recorder, self.block = recorder, block

    def weight(self, name: str, value: Tensor) -> DeviceMatrix:
        """Weights in memory."""
        return self.recorder.constant(f"{self.block}: weight of {name}", value)

    def product(
        self,
        name: str,
        layer: Layer,
        a: DeviceMatrix,
        d: DeviceMatrix,
        *,
        function: str | None = None,
        scale: np.float32 | None = None,
    ) -> None:
        """``D = A * W^T`` plus the bias, through a function or times a scale."""
        self.products(name, layer, [(a, d)], function=function, scale=scale)

    def products(
        self,
        name: str,
        layer: Layer,
        operands: Iterable[tuple[DeviceMatrix, DeviceMatrix]],
        *,
        function: str | None = None,
        scale: np.float32 | None = None,
    ) -> None:
        """`product` for each pair of A and D."""
        weight = self.weight(name, layer.quantized())
        rows = [layer.bias] if scale is None else [layer.bias, np.full_like(layer.bias, scale)]
        vectors = self.recorder.constant(f"{self.block}: vectors of {name}", np.stack(rows))
        gate = None if scale is None else vectors.rows(1, 2)
        for a, d in operands:
            self.recorder.named(f"{self.block}: {name}").product(
                a, weight, d, bias=vectors.rows(0, 1), function=function, gate=gate
            )


def activate(recorder: Recorder, condition: DeviceMatrix) -> DeviceMatrix:
    """SiLU of conditions ``[samples, width]``, which go in as the bias of products of zeros."""
    samples, width = condition.shape
    activated = recorder.room("activated condition", condition.shape, condition.format)
    zero, zeros = recorder.zeros(1), recorder.zeros(width)
    for s in range(samples):
        recorder.named(f"sample {s}: SiLU of the condition").product(
            zero, zeros, activated.rows(s, s + 1), bias=condition.rows(s, s + 1), function="silu"
        )
    return activated
