"""Operands as the 4-bit-magnitude passes that the array multiplies: section 6 of the contract."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.conversion import stream_parts
from golden.formats import MX9, PASS_MAGNITUDE_BITS, Format
from golden.tensor import MXTensor, Tensor

_PASS_MAX = (1 << PASS_MAGNITUDE_BITS) - 1


@dataclass(frozen=True, eq=False)
class Passes:
    """Sign-magnitude blocks of 16 elements; P passes in ascending order of their k-block.

    An element of a pass is worth ``+-magnitude * 2**(exponent - 127 - t - 3)``.

    Attributes
    ----------
    blocks:
        intp ``[P]``: the k-block of each pass.
    exponents:
        int16 ``[..., P]``: biased pass exponents, -3 to 256.
    microexponents:
        uint8 ``[..., P]``: bit j for sub-block j.
    negative:
        bool ``[..., P, 16]``: the element's code is negative, whatever the pass's magnitude.
    magnitudes:
        uint8 ``[..., P, 16]``: 0 to 15.
    nan:
        bool ``[..., P]``: pass of a NaN block; its magnitudes mean nothing.
    """

    blocks: NDArray[np.intp]
    exponents: NDArray[np.int16]
    microexponents: NDArray[np.uint8]
    negative: NDArray[np.bool_]
    magnitudes: NDArray[np.uint8]
    nan: NDArray[np.bool_]


def top_offset(fmt: Format) -> int:
    """How far a block's largest pass exponent lies above E: 1 in MX9, whose high pass has E + 1, else 0."""
    return 1 if fmt == MX9 else 0


def _split(t: MXTensor, first_block: int) -> Passes:
    """Passes of one part, whose first k-block has the number ``first_block``."""
    magnitudes = np.abs(t.elements).view(np.uint8)  # |-128| wraps to the byte 128
    exponents = t.exponents.astype(np.int16)
    count = t.exponents.shape[-1]
    if t.fmt == MX9:
        number = np.full(count, 2)
    else:
        magnitudes = magnitudes << np.uint8(PASS_MAGNITUDE_BITS - t.fmt.magnitude_bits)
        oversized = (magnitudes > _PASS_MAX).any(axis=-1).reshape(-1, count)
        number = np.where(oversized.any(axis=0), 2, 1)
    index = np.repeat(np.arange(count), number)
    second = np.zeros(index.size, bool)
    second[1:] = index[1:] == index[:-1]
    magnitudes = magnitudes[..., index, :]
    exponents = exponents[..., index]
    if t.fmt == MX9:
        magnitudes = np.where(
            second[:, None], magnitudes & np.uint8(_PASS_MAX), magnitudes >> np.uint8(PASS_MAGNITUDE_BITS)
        )
        exponents = exponents + np.where(second, np.int16(-3), np.int16(1))
    else:
        capped = np.minimum(magnitudes, np.uint8(_PASS_MAX))
        magnitudes = np.where(second[:, None], magnitudes - capped, capped)
    return Passes(
        blocks=index + first_block,
        exponents=exponents,
        microexponents=t.microexponents[..., index],
        negative=(t.elements < 0)[..., index, :],
        magnitudes=magnitudes,
        nan=t.nan_blocks[..., index],
    )


def split_passes(t: Tensor) -> Passes:
    """Split an operand into passes.

    ``|q| = 16 * h + l`` makes an MX9 block two passes: magnitudes h with exponent E + 1, then l with
    E - 3. An MX6 or MX4 block is one pass with exponent E and magnitudes |q| or 4|q|. A code of
    -2**m there, which no encoder makes, has magnitude 16: a k-block where any row has one is two passes
    with exponent E in every row, magnitudes ``min(magnitude, 15)`` and what is left of 16. In the
    rows without such a code the second pass is zero, and zero passes add nothing to any
    accumulator, so a row's results do not depend on the other rows.

    Parameters
    ----------
    t:
        `MXTensor` or `MixedTensor`; MXINT8 counts as MX9 pairs.
    """
    pieces: list[Passes] = []
    first = 0
    for part in stream_parts(t):
        pieces.append(_split(part, first))
        first += part.exponents.shape[-1]
    return Passes(
        blocks=np.concatenate([p.blocks for p in pieces]),
        exponents=np.concatenate([p.exponents for p in pieces], axis=-1),
        microexponents=np.concatenate([p.microexponents for p in pieces], axis=-1),
        negative=np.concatenate([p.negative for p in pieces], axis=-2),
        magnitudes=np.concatenate([p.magnitudes for p in pieces], axis=-2),
        nan=np.concatenate([p.nan for p in pieces], axis=-1),
    )


def reference_exponents(t: Tensor) -> NDArray[np.int16]:
    """Largest pass exponent of each row: int16 ``[...]``.

    Over all k-blocks, zero and padding blocks included: E + 1 in MX9, E in MX6 and MX4. The aligned
    accumulator's reference R is the row's plus the column's.
    """
    tops = [part.exponents.astype(np.int16) + np.int16(top_offset(part.fmt)) for part in stream_parts(t)]
    top: NDArray[np.int16] = np.concatenate(tops, axis=-1).max(axis=-1)
    return top
