"""The formats of single floats: how many bytes they take, and what rounds to them and widens them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.bfloat16 import round_to_bfloat16, widen_bfloat16

__all__ = ["FLOATS", "FloatFormat"]


@dataclass(frozen=True, kw_only=True)
class FloatFormat:
    """A format of floats.

    Parameters
    ----------
    bytes:
        Bytes of a float.
    encode:
        Bit patterns, unsigned integers of that size, of float32 of any shape, rounded once.
    decode:
        The values of bit patterns in float32, exactly.
    """

    bytes: int
    encode: Callable[[NDArray[np.float32]], NDArray[np.unsignedinteger]]
    decode: Callable[[NDArray[np.unsignedinteger]], NDArray[np.float32]]


FLOATS = {
    "BINARY32": FloatFormat(
        bytes=4,
        encode=lambda x: np.ascontiguousarray(x, np.float32).view(np.uint32),
        decode=lambda bits: bits.view(np.float32),
    ),
    "BFLOAT16": FloatFormat(bytes=2, encode=round_to_bfloat16, decode=widen_bfloat16),
}
"""Every format of floats by the name of its ``golden.engine.MemoryFormat``."""
