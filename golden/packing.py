"""Blocks in memory and on streams: section 4 of the number format contract.

A packed block is byte 0 = E, byte 1 = the microexponents (absent in MXINT8), then the elements, least
significant bit first: 18, 12 and 8 bytes for MX9, MX6 and MX4, 33 for MXINT8.
"""

import numpy as np
from numpy.typing import NDArray

from golden.conversion import stream_parts
from golden.formats import SLOT_BITS, Format
from golden.tensor import MXTensor, Tensor, block_count, check_k

SLOT_BYTES = SLOT_BITS // 8
"""Bytes of a stream slot: the longest packed block."""


def _lanes(width: int, bits: int) -> np.uint64:
    """Mask with the low ``bits`` set in every other ``width``-bit lane of a 64-bit word."""
    return np.uint64(sum(((1 << bits) - 1) << i for i in range(0, 64, 2 * width)))


def _squeeze(elements: NDArray[np.int8], bits: int) -> NDArray[np.uint8]:
    """Eight elements to ``bits`` bytes: int8 ``[..., n]`` to uint8 ``[..., n * bits // 8]``."""
    word = np.ascontiguousarray(elements).view("<u8")
    for width in (8, 16, 32):
        used = bits * width // 8
        mask = _lanes(width, used)
        word = (word & mask) | (word >> np.uint64(width) & mask) << np.uint64(used)
    data = word.astype("<u8", copy=False).view(np.uint8)
    return data.reshape(*word.shape, 8)[..., :bits].reshape(*word.shape[:-1], word.shape[-1] * bits)


def _widen(data: NDArray[np.uint8], bits: int) -> NDArray[np.int8]:
    """The inverse of `_squeeze`, with sign extension."""
    groups = data.reshape(*data.shape[:-1], data.shape[-1] // bits, bits)
    lanes = np.zeros((*groups.shape[:-1], 8), np.uint8)
    lanes[..., :bits] = groups
    word = lanes.view("<u8")[..., 0]
    for width in (32, 16, 8):
        used = bits * width // 8
        mask = _lanes(width, used)
        word = (word & mask) | (word >> np.uint64(used) & mask) << np.uint64(width)
    codes = word.astype("<u8", copy=False).view(np.int8)
    codes = np.left_shift(codes, np.int8(8 - bits))
    return np.right_shift(codes, np.int8(8 - bits))


def pack_blocks(t: MXTensor) -> NDArray[np.uint8]:
    """Packed blocks: uint8 ``[..., blocks, fmt.block_bytes]``."""
    if not isinstance(t, MXTensor):
        raise TypeError(f"t must be an MXTensor, not {type(t).__name__}")
    fmt = t.fmt
    out = np.empty((*t.exponents.shape, fmt.block_bytes), np.uint8)
    out[..., 0] = t.exponents
    if fmt.subblocks:
        out[..., 1] = t.microexponents
    start = 1 + fmt.subblocks // 8
    if fmt.element_bits == 8:
        out[..., start:] = t.elements.view(np.uint8)
    else:
        out[..., start:] = _squeeze(t.elements, fmt.element_bits)
    return out


def pack(t: MXTensor) -> NDArray[np.uint8]:
    """Blocks as consecutive bytes: uint8 ``[..., blocks * fmt.block_bytes]``.

    Raises
    ------
    TypeError
        ``t`` is not an `MXTensor` (pack the parts of a `MixedTensor` one by one).
    """
    return pack_blocks(t).reshape(*t.exponents.shape[:-1], t.exponents.shape[-1] * t.fmt.block_bytes)


def unpack(data: object, fmt: Format, k: int) -> MXTensor:
    """The inverse of `pack`.

    Parameters
    ----------
    data:
        uint8 ``[..., blocks * fmt.block_bytes]``, blocks = ceil(k / block_size).
    fmt:
        The format that the bytes are in.
    k:
        True length of the last axis.

    Raises
    ------
    TypeError
        ``data`` is not a uint8 array, ``fmt`` not a `Format`, or ``k`` not an int.
    ValueError
        ``k`` < 1, or a last axis of another length.
    """
    if not isinstance(fmt, Format):
        raise TypeError(f"fmt must be a Format such as golden.MX6, not {fmt!r}")
    check_k(k)
    array = np.asarray(data)
    if array.dtype != np.uint8:
        raise TypeError(f"data must have dtype uint8, not {array.dtype}")
    blocks = block_count(k, fmt)
    length = blocks * fmt.block_bytes
    if array.ndim == 0 or array.shape[-1] != length:
        raise ValueError(
            f"k={k} takes {blocks} {fmt} blocks of {fmt.block_bytes} bytes, {length} in all, "
            f"but data has shape {array.shape}"
        )
    packed = array.reshape(*array.shape[:-1], blocks, fmt.block_bytes)
    start = 1 + fmt.subblocks // 8
    micro = packed[..., 1].copy() if fmt.subblocks else np.zeros(packed.shape[:-1], np.uint8)
    body = np.ascontiguousarray(packed[..., start:])
    elements = body.view(np.int8) if fmt.element_bits == 8 else _widen(body, fmt.element_bits)
    shape = (*packed.shape[:-1], fmt.block_size)
    return MXTensor(fmt, int(k), packed[..., 0].copy(), micro, elements.reshape(shape))


def slots(t: Tensor) -> NDArray[np.uint8]:
    """Packed blocks in the slots of a stream: uint8 ``[..., k_blocks, 18]``, zeros above a shorter block.

    MXINT8 blocks go as MX9 pairs. `format_codes` gives the format of each k-block.
    """
    parts = stream_parts(t)
    count = sum(part.exponents.shape[-1] for part in parts)
    out = np.zeros((*parts[0].exponents.shape[:-1], count, SLOT_BYTES), np.uint8)
    start = 0
    for part in parts:
        stop = start + part.exponents.shape[-1]
        out[..., start:stop, : part.fmt.block_bytes] = pack_blocks(part)
        start = stop
    return out


def format_codes(t: Tensor) -> NDArray[np.uint8]:
    """Stream format code of each k-block: uint8 ``[k_blocks]``, the same for all rows."""
    codes = [np.full(part.exponents.shape[-1], part.fmt.code, np.uint8) for part in stream_parts(t)]
    return np.concatenate(codes)
