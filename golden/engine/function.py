"""The function that a product's results go through."""

from collections.abc import Callable, Mapping
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from golden.functions import exp2, gelu, silu


class Function(IntEnum):
    """What is made of each result, after its bias was added and before its gate."""

    NONE = 0
    EXP2 = 1
    """2**x, for softmax."""
    GELU = 2
    SILU = 3

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of float32 of any shape, float32 of the same shape: see ``golden.functions``."""
        return x if self is Function.NONE else _FUNCTIONS[self](x)


_FUNCTIONS: Mapping[Function, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
    Function.EXP2: exp2,
    Function.GELU: gelu,
    Function.SILU: silu,
}
