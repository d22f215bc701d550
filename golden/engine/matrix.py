"""Block tensors and floats as the rows of bytes that lie in memory."""

import numpy as np
from numpy.typing import NDArray

from golden.engine.memory_format import MIXABLE_FORMATS, QUANTIZED_FORMATS, MemoryFormat, row_bytes
from golden.formats import BLOCK_SIZE, MX9
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
    last = MemoryFormat.of(formats[-1])
    if len(set(formats)) == 1 and (len(parts) == 1 or last in QUANTIZED_FORMATS):
        return last, 0
    leading = formats.count(MX9)
    if last in MIXABLE_FORMATS and formats == [MX9] * leading + formats[-1:] * (len(formats) - leading):
        return last, sum(part.exponents.shape[-1] for part in parts[:leading])
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


def floats_to_rows(values: NDArray[np.float32], fmt: MemoryFormat) -> NDArray[np.uint8]:
    """Rows of float32 ``[rows, columns]``, rounded to ``fmt``: uint8 ``[rows, row_bytes]``."""
    found = fmt.float_format
    return found.encode(values).astype(f"<u{found.bytes}").view(np.uint8)


def floats_from_rows(rows: NDArray[np.uint8], fmt: MemoryFormat) -> NDArray[np.float32]:
    """The values of rows of floats, uint8 ``[rows, row_bytes]``: float32 ``[rows, columns]``, a copy."""
    found = fmt.float_format
    return found.decode(rows.copy().view(f"<u{found.bytes}").astype(f"u{found.bytes}", copy=False))
