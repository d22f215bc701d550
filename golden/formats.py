"""The block floating-point formats, and every constant that the hardware reads from them.

Sources: Rouhani et al., "With Shared Microexponents, A Little Shifting Goes a Long Way" (ISCA 2023,
arXiv 2302.08007) for MX4, MX6 and MX9; OCP Microscaling Formats (MX) Specification v1.0 for MXINT8.
"""

from dataclasses import dataclass

EXPONENT_BIAS = 127
"""Bias of the 8-bit shared exponent, the same as binary32's."""

NAN_EXPONENT = 255
"""Shared exponent that makes every element of its block NaN."""

PASS_MAGNITUDE_BITS = 4
"""Magnitude bits of the blocks that the array multiplies: every format is one or two such passes."""

DOT_FRACTION_BITS = 2
"""Fraction bits of an integer block dot product, one for each operand's microexponent."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """A block format: two's complement elements, a shared exponent and microexponents per sub-block.

    Element i of a block is worth ``q_i * 2**(E - 127 - t_(i // subblock_size) - (magnitude_bits - 1))``.

    Parameters
    ----------
    name:
        What people call it, such as ``"MX6"``.
    element_bits:
        Bits of one two's complement element, sign included (2 to 8).
    block_size:
        Elements that share one exponent.
    subblock_size:
        Elements that share one microexponent bit; 0 for none (all microexponents are 0).
    code:
        The format's code on streams (``tuser``) and in descriptors; ``None`` for a format that
        streams as another one.
    """

    name: str
    element_bits: int
    block_size: int
    subblock_size: int
    code: int | None

    def __post_init__(self) -> None:
        if not 2 <= self.element_bits <= 8:
            raise ValueError(f"element_bits must be 2 to 8, not {self.element_bits!r}")
        if self.block_size < 1:
            raise ValueError(f"block_size must be at least 1, not {self.block_size!r}")
        if self.subblock_size and self.block_size % self.subblock_size:
            raise ValueError(
                f"subblock_size must divide block_size {self.block_size}, not {self.subblock_size!r}"
            )

    @property
    def magnitude_bits(self) -> int:
        """Bits of an element's magnitude, m = p - 1."""
        return self.element_bits - 1

    @property
    def max_element(self) -> int:
        """Largest magnitude that an encoder produces, 2**m - 1."""
        return (1 << self.magnitude_bits) - 1

    @property
    def min_element(self) -> int:
        """Most negative element that a decoder accepts, -2**m (encoders stop at -max_element)."""
        return -(1 << self.magnitude_bits)

    @property
    def subblocks(self) -> int:
        """Sub-blocks, and so microexponent bits, in a block."""
        return self.block_size // self.subblock_size if self.subblock_size else 0

    @property
    def block_bits(self) -> int:
        """Bits of one packed block: exponent, microexponents, elements."""
        return 8 + self.subblocks + self.block_size * self.element_bits

    @property
    def block_bytes(self) -> int:
        """Bytes of one packed block."""
        return self.block_bits // 8

    @property
    def average_bits(self) -> float:
        """Storage per element in bits."""
        return self.block_bits / self.block_size

    def __str__(self) -> str:
        return self.name


MX4 = Format(name="MX4", element_bits=3, block_size=16, subblock_size=2, code=0)
MX6 = Format(name="MX6", element_bits=5, block_size=16, subblock_size=2, code=1)
MX9 = Format(name="MX9", element_bits=8, block_size=16, subblock_size=2, code=2)
MXINT8 = Format(name="MXINT8", element_bits=8, block_size=32, subblock_size=0, code=None)

STREAM_FORMATS = (MX4, MX6, MX9)
"""The formats with a code, in the order of their codes."""

_CODES = [f.code for f in STREAM_FORMATS if f.code is not None]

CODE_BITS = (max(_CODES) + 1).bit_length()
"""Bits of a code on streams; one code of all ones is kept free."""

RESERVED_CODES = tuple(c for c in range(1 << CODE_BITS) if c not in _CODES)
"""The codes that name no format."""

RESERVED_CODE = RESERVED_CODES[-1]
"""The one that hardware itself uses for no format: all of its bits are 1."""

ONE_PASS_FORMATS = tuple(f for f in STREAM_FORMATS if f.magnitude_bits <= PASS_MAGNITUDE_BITS)
"""Those whose blocks are one pass, but for elements of -2**m; MX9's are two."""

FORMATS = {f.name: f for f in (*STREAM_FORMATS, MXINT8)}
"""Every format by name."""

BLOCK_SIZE = MX9.block_size
"""Elements of a hardware block: the multiply-accumulates of a processing element per cycle."""

SUBBLOCKS = MX9.subblocks
"""Microexponents of a hardware block."""

SLOT_BITS = max(f.block_bits for f in STREAM_FORMATS)
"""Bits that a packed block of any format occupies on a stream, shorter blocks in the low bits."""

PASS_DOT_BITS = 15
"""Bits of a pass's integer dot product in two's complement: its magnitude is at most 16 * 15 * 15 * 4."""

RESULT_BIAS = 262
"""An accumulator of F fraction bits and reference R is worth ``acc * 2**(R - F - RESULT_BIAS)``."""


def accumulator_bits(fraction_bits: int, k_blocks: int) -> int:
    """Width W of the aligned accumulator that cannot overflow over ``k_blocks`` blocks along K."""
    return PASS_DOT_BITS + fraction_bits + (k_blocks - 1).bit_length() + 1
