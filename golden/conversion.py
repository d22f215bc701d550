"""Blocks of one format as blocks of another: section 3 of the number format contract."""

import numpy as np

from golden.formats import BLOCK_SIZE, MX9, MXINT8, STREAM_FORMATS, Format
from golden.tensor import MixedTensor, MXTensor, Tensor, block_count


def _requantize(t: MXTensor, fmt: Format) -> MXTensor:
    """MX4, MX6 and MX9 among each other: E and t stay, elements shift."""
    shift = fmt.magnitude_bits - t.fmt.magnitude_bits
    if shift >= 0:
        elements = np.left_shift(t.elements, np.int8(shift))
    else:
        # Half to even: add half a step less one, and the bit that stays last.
        wide = t.elements.astype(np.int16)
        wide += np.int16((1 << (-shift - 1)) - 1) + ((wide >> -shift) & 1)
        wide >>= -shift
        elements = wide.clip(-fmt.max_element, fmt.max_element).astype(np.int8)
    return MXTensor(fmt, t.k, t.exponents, t.microexponents, elements)


def _as_pairs(t: MXTensor) -> MXTensor:
    """MXINT8 as MX9 with t = 0: each block of 32 becomes two of 16 with the same exponent."""
    blocks = block_count(t.k, MX9)
    exponents = np.repeat(t.exponents, 2, axis=-1)[..., :blocks]
    elements = t.elements.reshape(*t.exponents.shape[:-1], 2 * t.exponents.shape[-1], BLOCK_SIZE)[
        ..., :blocks, :
    ]
    return MXTensor(MX9, t.k, exponents, np.zeros_like(exponents), elements)


def convert(t: MXTensor, fmt: Format) -> MXTensor:
    """Convert the codes of a tensor to another format.

    To more bits: q times a power of two, E and t unchanged, exact. To fewer bits:
    ``clamp(round_half_even(q / 2**n), -(2**m - 1), 2**m - 1)``, E and t unchanged, which equals decoding and
    quantizing again for every block that an encoder can produce. The same rule runs on NaN blocks, whose
    E = 255 stays. To the same format: the tensor itself, codes of -2**m included.

    MXINT8 converts to MX9 exactly, each block as a pair with t = 0 (a second half that lies wholly
    past ``k`` is dropped), and to MX6 or MX4 as that MX9 tensor does; t stays 0, so this is not
    the same as decoding and quantizing again.

    Raises
    ------
    TypeError
        ``t`` is not an `MXTensor` or ``fmt`` not a `Format`.
    ValueError
        MX4, MX6 or MX9 to MXINT8: two blocks of 16 would have to share one exponent. Decode and quantize.
    """
    if not isinstance(t, MXTensor):
        raise TypeError(f"t must be an MXTensor, not {type(t).__name__}")
    if not isinstance(fmt, Format):
        raise TypeError(f"fmt must be a Format such as golden.MX6, not {fmt!r}")
    if fmt == t.fmt:
        return t
    if fmt not in STREAM_FORMATS:
        raise ValueError(
            f"{t.fmt} does not convert to {fmt}: its blocks share exponents differently; "
            "dequantize and quantize instead"
        )
    if t.fmt == MXINT8:
        t = _as_pairs(t)
        return t if fmt == MX9 else _requantize(t, fmt)
    return _requantize(t, fmt)


def stream_parts(t: Tensor) -> tuple[MXTensor, ...]:
    """The parts of a tensor as hardware sees them: blocks of 16, MXINT8 as MX9 pairs."""
    if not isinstance(t, MXTensor | MixedTensor):
        raise TypeError(f"expected MXTensor or MixedTensor, not {type(t).__name__}")
    return tuple(convert(part, MX9) if part.fmt == MXINT8 else part for part in t.parts)
