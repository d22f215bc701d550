"""Block tensors as the rows of bytes that lie in memory."""

import numpy as np
from numpy.typing import NDArray

from golden.engine.memory_format import MemoryFormat, row_bytes
from golden.formats import BLOCK_SIZE, MX4, MX6, MX9
from golden.packing import pack, unpack
from golden.tensor import MixedTensor, MXTensor, Tensor


def describe(t: Tensor) -> tuple[MemoryFormat, int]:
    """Format and leading MX9 blocks of a tensor, as a descriptor names them.

    Raises
    ------
    ValueError
        The parts are neither of one format nor MX9 followed by MX4 or MX6.
    """
    parts = t.parts
    formats = [part.fmt for part in parts]
    if len(set(formats)) == 1 and (len(parts) == 1 or formats[0] in (MX4, MX6, MX9)):
        return MemoryFormat.of(formats[0]), 0
    last = formats[-1]
    leading = [fmt for fmt in formats if fmt == MX9]
    if last in (MX4, MX6) and formats == leading + [last] * (len(formats) - len(leading)):
        return MemoryFormat.of(last), sum(part.exponents.shape[-1] for part in parts[: len(leading)])
    names = ", ".join(map(str, formats))
    raise ValueError(f"a matrix in memory has one format, or MX9 followed by MX6 or MX4, not {names}")


def to_rows(t: Tensor) -> NDArray[np.uint8]:
    """Rows of a matrix in memory: uint8 ``[rows, row_bytes]``; raises as `describe`."""
    describe(t)
    return np.concatenate([pack(part) for part in t.parts], axis=-1)


def from_rows(rows: NDArray[np.uint8], fmt: MemoryFormat, k: int, mx9_blocks: int = 0) -> Tensor:
    """The inverse of `to_rows`: rows uint8 ``[rows, row_bytes]`` of a matrix with ``k`` columns."""
    block = fmt.block_format
    if block is None:
        raise ValueError(f"fmt must be a block format, not {fmt.name}")
    head = min(k, mx9_blocks * BLOCK_SIZE)
    split = row_bytes(MemoryFormat.MX9, head) if head else 0
    parts: list[MXTensor] = []
    if head:
        parts.append(unpack(rows[..., :split], MX9, head))
    if k > head:
        parts.append(unpack(rows[..., split:], block, k - head))
    return parts[0] if len(parts) == 1 else MixedTensor(tuple(parts))
