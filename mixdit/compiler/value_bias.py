"""What becomes of the bias of v: it goes past the heads, as weights of a softmax add up to 1."""

import numpy as np
from numpy.typing import NDArray

from golden import MX9, Tensor, dequantize, quantize
from golden.formats import BLOCK_SIZE
from mixdit.compiler.block_weights import LinearWeights
from mixdit.compiler.layer_inputs import ONES

__all__ = ["constant_of_value", "gathered_bias", "has_constant"]


def gathered_bias(output: LinearWeights, value: LinearWeights) -> NDArray[np.float32]:
    """The output layer's bias, and what becomes of that of v, float32 ``[width]``."""
    through = output.weight.astype(np.float64) @ value.bias
    return (output.bias + through).astype(np.float32)


def has_constant(value: LinearWeights, first: LinearWeights) -> bool:
    """Whether v of a sequence of keys needs a bias of its own beside that of the first sequence."""
    return not np.array_equal(value.bias, first.bias)


def constant_of_value(bias: NDArray[np.float32]) -> Tensor:
    """Weights in front of those of v whose product with `ONES` is ``bias`` to 14 bits: ``[rows, 16]``."""
    large, small = np.flatnonzero(ONES)
    row = np.zeros((len(bias), BLOCK_SIZE), np.float32)
    row[:, large] = bias
    row[:, small] = (bias - dequantize(quantize(row, MX9))[:, large]) / ONES[small]
    return quantize(row, MX9)
