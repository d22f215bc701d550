"""Exact dot products of single blocks: section 5 of the number format contract."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from golden.conversion import stream_parts
from golden.formats import DOT_FRACTION_BITS, EXPONENT_BIAS, SUBBLOCKS
from golden.tensor import Tensor


class BlockDot(NamedTuple):
    """Dot products of blocks, each worth ``d * 2**exponent``.

    Attributes
    ----------
    d:
        int32 ``[..., k_blocks]``: sum over sub-blocks of
        ``2**(2 - ta - tb) * (a0 * b0 + a1 * b1)``; 0 where ``nan`` is set.
    exponent:
        int16 ``[..., k_blocks]``: ``Ea + Eb - 254 - (ma - 1) - (mb - 1) - 2``; 0 where ``nan`` is set.
    nan:
        bool ``[..., k_blocks]``: one of the blocks is a NaN block.
    """

    d: NDArray[np.int32]
    exponent: NDArray[np.int16]
    nan: NDArray[np.bool_]


def scaled_elements(t: Tensor) -> NDArray[np.int16]:
    """Elements times ``2**(1 - t)``: int16 ``[..., k_blocks, 16]``."""
    scaled: list[NDArray[np.int16]] = []
    for part in stream_parts(t):
        micro = np.ascontiguousarray(part.microexponents)[..., None]
        shift = 1 - np.unpackbits(micro, axis=-1, bitorder="little").astype(np.int16)
        scaled.append(part.elements.astype(np.int16) << np.repeat(shift, 16 // SUBBLOCKS, axis=-1))
    return np.concatenate(scaled, axis=-2)


def _exponents(t: Tensor) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """Exponents E - 127 - (m - 1), and which blocks are NaN: ``[..., k_blocks]`` each."""
    parts = stream_parts(t)
    exponents = [
        p.exponents.astype(np.int16) - np.int16(EXPONENT_BIAS + p.fmt.magnitude_bits - 1) for p in parts
    ]
    return np.concatenate(exponents, axis=-1), np.concatenate([p.nan_blocks for p in parts], axis=-1)


def block_dot(a: Tensor, b: Tensor) -> BlockDot:
    """Exact dot product of each block of ``a`` with the block of ``b`` at the same place along K.

    Parameters
    ----------
    a, b:
        `MXTensor` or `MixedTensor` in any formats, with the same K; leading axes broadcast. MXINT8
        counts as MX9 pairs.

    Raises
    ------
    ValueError
        Different K.
    """
    check_same_k(a, b)
    products = scaled_elements(a).astype(np.int32) * scaled_elements(b)
    (ea, nan_a), (eb, nan_b) = _exponents(a), _exponents(b)
    nan = nan_a | nan_b
    d = np.where(nan, np.int32(0), products.sum(axis=-1, dtype=np.int32))
    exponent = np.where(nan, np.int16(0), ea + eb - np.int16(DOT_FRACTION_BITS))
    return BlockDot(d, exponent, nan)


def check_same_k(a: Tensor, b: Tensor) -> None:
    """Raise ValueError unless both operands have the same K in the same number of blocks."""
    for name, t in (("a", a), ("b", b)):
        if not isinstance(t, Tensor):
            raise TypeError(f"{name} must be MXTensor or MixedTensor, not {type(t).__name__}")
    if a.k != b.k:
        raise ValueError(f"a and b must have the same K, not {a.k} and {b.k}")
