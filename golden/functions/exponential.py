"""Exponentials of rows relative to their maximum, for softmax of logits of any size."""

import numpy as np
from numpy.typing import NDArray

from golden.functions.exp2 import exp2
from golden.rounding import add_binary32, canonical_nan, flush

__all__ = ["exponential", "has_largest"]


def exponential(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """``2**(x - max(x))`` along the last axis: `exp2` of a difference in binary32.

    The largest elements of a row give 1, those 126 below it or more 0, and so does -infinity. A row whose
    maximum is no number, see `has_largest`, is all NaN.

    Parameters
    ----------
    x:
        float32 ``[..., width]``, logits in base 2; subnormals are zeros, and a maximum of -0 counts as +0.

    Returns
    -------
    NDArray[np.float32]
        Of the shape of ``x``, 0 to 1.

    Raises
    ------
    ValueError
        ``width`` is 0.
    """
    x = flush(np.asarray(x, np.float32))
    if not x.shape[-1]:
        raise ValueError("rows must have 1 element or more, not 0")
    good = has_largest(x)
    largest = np.where(good, x.max(-1, keepdims=True), np.float32(0))
    below = add_binary32(x, np.broadcast_to(np.float32(0) - largest, x.shape))
    return canonical_nan(np.where(good, exp2(below), np.float32(np.nan)))


def has_largest(x: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether the maximum of each row is a number: bool ``[..., 1]``.

    It is none of a row with a NaN or +infinity, nor of one of -infinity alone.
    """
    return np.asarray(np.isfinite(np.asarray(x, np.float32).max(-1, keepdims=True)))
