"""Binary floating point to blocks and back: sections 1 and 2 of the number format contract.

Both directions walk the blocks in slices that stay in cache, and touch each slice with a few
whole-array operations on bit patterns. `golden.reference` holds the same rules element by element.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from golden.formats import EXPONENT_BIAS, NAN_EXPONENT, Format
from golden.tensor import MixedTensor, MXTensor, Tensor, block_count

_SLICE_ELEMENTS = 32768
"""Elements per slice, 128 KiB of binary32: scratch arrays stay in cache and outweigh the calls."""

_MAGIC = np.float32(1.5 * 2**23)
"""Added to a binary32 below 2**22 in size, it leaves the nearest integer, ties to even, in the low bits."""

_MAGIC_BITS = int(_MAGIC.view(np.int32))

_SMALLEST_FAST = 9
"""Least shared exponent whose scale 2**(127 - E + t + m - 1) is a normal binary32 for every m up to 7, and
at which every subnormal input rounds to 0 of itself: |x| * scale < 2**-126 * 2**(127 - 9 + 1 + 6) = 1/2."""

Float = TypeVar("Float", np.float32, np.float64)

_SPREAD = np.uint64(0x0101010101010101)
"""A byte times this is the byte eight times."""


def _as_float32(x: object) -> NDArray[np.float32]:
    """Widen to binary32 where that is exact; refuse anything else."""
    array = np.asarray(x)
    name = array.dtype.name
    if name not in ("float32", "float16", "bfloat16"):
        raise TypeError(
            f"x must be float32, float16 or bfloat16, not {name}: quantization is defined from "
            "binary32, and rounding twice would change bits; convert with astype(numpy.float32) first"
        )
    return np.ascontiguousarray(array, dtype=np.float32).reshape(array.shape)


def _spread(per_block: NDArray[np.uint8], pairs: int) -> NDArray[np.uint8]:
    """Repeat each byte ``pairs`` times (a multiple of 8): one byte per pair of elements."""
    if pairs > 8:
        per_block = np.repeat(per_block, pairs // 8)
    return (per_block.astype(np.uint64) * _SPREAD).view(np.uint8)


def _quantize_slow(
    x: NDArray[np.float32], exponents: NDArray[np.uint8], fmt: Format
) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    """Blocks of any exponent, in binary64, where no scale leaves the normal range.

    ``x`` float32 ``[blocks, block_size]``; returns microexponents and elements.
    """
    e = (x.view(np.uint32) >> 23).astype(np.uint8)
    top = exponents[:, None]
    finite = top != NAN_EXPONENT
    values = np.where((e != 0) & finite, x, np.float32(0)).astype(np.float64)
    t = np.zeros(e.shape, np.int64)
    micro = np.zeros(len(x), np.uint8)
    if fmt.subblocks:
        below = (e.reshape(len(x), fmt.subblocks, -1) < top[:, :, None]).all(axis=2) & finite
        micro = np.packbits(below, axis=1, bitorder="little")[:, 0]
        t = np.repeat(below, fmt.subblock_size, axis=1).astype(np.int64)
    scale = EXPONENT_BIAS + fmt.magnitude_bits - 1 - top.astype(np.int64) + t
    q = np.rint(np.ldexp(values, scale)).clip(-fmt.max_element, fmt.max_element)
    return micro, q.astype(np.int8)


def quantize(x: object, fmt: Format) -> MXTensor:
    """Encode along the last axis: E = max exponent, t, q = clamp(round_half_even(x / 2**(E-127-t-(m-1)))).

    Parameters
    ----------
    x:
        float32, float16 or bfloat16 ``[..., K]``, K >= 1. float16 and bfloat16 are widened first,
        which is exact. Subnormal binary32 values count as 0. K is padded with zeros to whole blocks.
    fmt:
        Target format.

    Returns
    -------
    MXTensor
        ``k`` = K. A block that holds a NaN or an infinity is a NaN block: E = 255, t = 0, q = 0.

    Raises
    ------
    TypeError
        Another dtype (float64 too: rounding twice would change bits) or ``fmt`` not a `Format`.
    ValueError
        No last axis, or K = 0.
    """
    if not isinstance(fmt, Format):
        raise TypeError(f"fmt must be a Format such as golden.MX6, not {fmt!r}")
    values = _as_float32(x)
    if values.ndim == 0:
        raise ValueError("x must have at least 1 axis, not 0")
    k = values.shape[-1]
    if k < 1:
        raise ValueError(f"the last axis of x must hold at least 1 element, not {k}")
    leading, size = values.shape[:-1], fmt.block_size
    blocks = block_count(k, fmt)
    if k % size:
        padded = np.zeros((*leading, blocks * size), np.float32)
        padded[..., :k] = values
        values = padded
    flat = values.reshape(-1)
    count = flat.size // size
    exponents = np.empty(count, np.uint8)
    micro = np.zeros(count, np.uint8)
    elements = np.empty((count, size), np.int8)
    step = _SLICE_ELEMENTS // size
    # NumPy's minimum and maximum run several times faster on two arrays than on an array and a scalar.
    limit = np.full(min(count, step) * size, fmt.max_element, np.int32)
    limits = (_MAGIC_BITS - limit, _MAGIC_BITS + limit)
    with np.errstate(invalid="ignore", over="ignore"):
        for start in range(0, count, step):
            stop = min(start + step, count)
            _quantize_slice(
                flat[start * size : stop * size],
                fmt,
                limits,
                exponents[start:stop],
                micro[start:stop],
                elements[start:stop].reshape(-1),
            )
    shape = (*leading, blocks)
    return MXTensor(fmt, k, exponents.reshape(shape), micro.reshape(shape), elements.reshape(*shape, size))


def _quantize_slice(
    x: NDArray[np.float32],
    fmt: Format,
    limits: tuple[NDArray[np.int32], NDArray[np.int32]],
    exponents: NDArray[np.uint8],
    micro: NDArray[np.uint8],
    elements: NDArray[np.int8],
) -> None:
    """Encode whole blocks of ``x`` (float32, flat) into the given outputs.

    ``limits`` are the least and the largest element, added to `_MAGIC_BITS`, in arrays no shorter than ``x``.
    """
    work = x.view(np.uint32) >> np.uint32(23)
    e = work.astype(np.uint8)  # truncation drops the sign bit
    pair = np.maximum(e[0::2], e[1::2])
    top = pair
    while top.size > exponents.size:
        top = np.maximum(top[0::2], top[1::2])
    exponents[:] = top

    # Biased exponent of each block's scale 2**(127 - E + m - 1); 254 is twice the bias.
    # It lies in 0 to 251, so arithmetic modulo 256 gives it.
    scale = np.uint8((253 + fmt.magnitude_bits) & 0xFF) - np.maximum(top, np.uint8(_SMALLEST_FAST))
    pairs = fmt.block_size // 2
    scale = _spread(scale, pairs)
    if fmt.subblocks:
        t = pair < _spread(top, pairs)
        micro[:] = np.packbits(t, bitorder="little")
        scale += t.view(np.uint8)
    words = scale.astype(np.uint64)
    words *= np.uint64(0x100000001 << 23)  # the same binary32 for both elements of the pair
    y = np.multiply(x, words.view(np.float32), out=work.view(np.float32))
    y += _MAGIC
    q = y.view(np.int32)
    np.maximum(q, limits[0][: q.size], out=q)
    np.minimum(q, limits[1][: q.size], out=q)
    elements[:] = q.astype(np.int8)  # the low byte of _MAGIC_BITS is 0

    rare = np.flatnonzero((top - np.uint8(1) < _SMALLEST_FAST - 1) | (top == NAN_EXPONENT))
    if rare.size:
        shape = (exponents.size, fmt.block_size)
        micro[rare], elements.reshape(shape)[rare] = _quantize_slow(x.reshape(shape)[rare], top[rare], fmt)


def _scales(fmt: Format, dtype: type[Float]) -> NDArray[Float]:
    """Scale of a sub-block by E - t + 1, twice per row so that one row serves two elements: ``[257, 2]``."""
    scale = np.ldexp(1.0, np.arange(-1, 256) - EXPONENT_BIAS - (fmt.magnitude_bits - 1))
    return np.repeat(scale.astype(dtype)[:, None], 2, axis=1)


def decode(t: MXTensor, dtype: type[Float]) -> NDArray[Float]:
    """Values of every block, padding included: ``[..., blocks * block_size]`` of float32 or float64.

    Binary64 holds every code exactly; see `dequantize` for binary32.
    """
    fmt = t.fmt
    pairs = fmt.block_size // 2
    # One entry of the table is a pair of scales, moved as one complex number.
    paired = np.complex64 if np.dtype(dtype).itemsize == 4 else np.complex128
    with np.errstate(over="ignore"):
        table = _scales(fmt, dtype).view(paired)[:, 0]
    top = t.exponents.reshape(-1)
    micro = t.microexponents.reshape(-1)
    elements = t.elements.reshape(-1)
    out: NDArray[Float] = np.empty(elements.size, dtype)
    step = _SLICE_ELEMENTS // fmt.block_size
    with np.errstate(over="ignore"):
        for start in range(0, top.size, step):
            stop = min(start + step, top.size)
            index = _spread(top[start:stop], pairs).astype(np.intp)
            index += 1
            if fmt.subblocks:
                index -= np.unpackbits(micro[start:stop], bitorder="little")
            target = out[start * fmt.block_size : stop * fmt.block_size]
            np.copyto(target, elements[start * fmt.block_size : stop * fmt.block_size])
            target *= table.take(index, mode="clip").view(dtype)
    nan = np.flatnonzero(top == NAN_EXPONENT)
    if nan.size:
        out.reshape(-1, fmt.block_size)[nan] = np.nan
    return out.reshape(*t.exponents.shape[:-1], t.exponents.shape[-1] * fmt.block_size)


def dequantize(t: Tensor) -> NDArray[np.float32]:
    """Decode: ``q * 2**(E - 127 - t - (m - 1))``, without the padding.

    The result is exact for every code but one. The smallest step of any format is 2**-134 (MX9 with
    E = 0 and t = 1), so small values that are subnormal in binary32 are multiples of 2**-149 and
    stay exact: nothing is flushed. A zero element decodes to +0. The one exception is -2**m at E = 254 and
    t = 0: its value -2**128 does not exist in binary32 and decodes to -infinity. No encoder
    produces it. Every element of a NaN block is the quiet NaN 0x7FC00000.

    Parameters
    ----------
    t:
        `MXTensor` or `MixedTensor` ``[..., K]``.

    Returns
    -------
    float32 ``[..., K]``
    """
    if isinstance(t, MixedTensor):
        return np.concatenate([dequantize(part) for part in t.parts], axis=-1)
    if not isinstance(t, MXTensor):
        raise TypeError(f"t must be MXTensor or MixedTensor, not {type(t).__name__}")
    return decode(t, np.float32)[..., : t.k]
