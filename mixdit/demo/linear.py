"""A linear layer, as the demonstration's networks ask for it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Linear", "float64_linear"]

Array = NDArray[np.float64]
"""What goes from layer to layer. The hardware's binary32 results are widened."""

Linear = Callable[[str, Array, Array, Array], Array]
"""``x[M, K] * weight[N, K]^T + bias[N]`` of the layer with this name."""


def float64_linear(name: str, x: Array, weight: Array, bias: Array) -> Array:
    """What every precision is compared with.

    The order in which a machine adds up changes float32 sums by parts in ten million, which moves a
    class or a decibel now and then; float64 sums by too little for any figure to show.
    """
    return x @ weight.T + bias
