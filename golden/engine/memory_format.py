"""How the rows of a matrix lie in memory: every fact about a format, for software and for hardware."""

from enum import IntEnum

from golden.floats import FLOATS, FloatFormat
from golden.formats import BLOCK_SIZE, FORMATS, MX9, MXINT8, STREAM_FORMATS, Format

FLOAT_BYTES = 4
"""Bytes of a binary32."""

INDEX_BYTES = 2
"""Bytes of an index of a permutation."""

HALF_BLOCK_BYTES = 1 + BLOCK_SIZE * MXINT8.element_bits // 8
"""Bytes of the first half of an MXINT8 block: the exponent, then its elements."""


class MemoryFormat(IntEnum):
    """Codes of what a matrix holds, in descriptors. MX4, MX6 and MX9 have their codes on streams.

    A row of blocks is its blocks back to back as ``golden.pack`` makes them, and may begin with blocks of
    MX9 where its format is MX4 or MX6. A row of floats is its elements back to back, little-endian.
    """

    MX4 = 0
    MX6 = 1
    MX9 = 2
    MXINT8 = 3
    BINARY32 = 4
    BFLOAT16 = 5

    @property
    def block_format(self) -> Format | None:
        """The format of its blocks, None for floats."""
        return FORMATS.get(self.name)

    @property
    def float_format(self) -> FloatFormat:
        """The format of its floats; KeyError for blocks."""
        return FLOATS[self.name]

    @property
    def unit_elements(self) -> int:
        """Elements of what a row is made of, a block or a float."""
        block = self.block_format
        return block.block_size if block else 1

    @property
    def unit_bytes(self) -> int:
        """Bytes of what a row is made of, a block or a float."""
        block = self.block_format
        return block.block_bytes if block else self.float_format.bytes

    @property
    def mx9_excess(self) -> int:
        """Bytes that a leading MX9 block takes beyond one of the format; 0 where a row has none."""
        return MX9.block_bytes - self.unit_bytes if self.block_format in STREAM_FORMATS else 0

    @property
    def alignment(self) -> int:
        """Every row starts at a multiple of so many bytes."""
        return 2 if self.block_format else self.unit_bytes

    @classmethod
    def of(cls, fmt: Format) -> "MemoryFormat":
        """Code of a block format."""
        return cls[fmt.name]


OPERAND_FORMATS = tuple(f for f in MemoryFormat if f.block_format)
"""What a product reads: blocks."""

QUANTIZED_FORMATS = tuple(f for f in MemoryFormat if f.block_format in STREAM_FORMATS)
"""The blocks that the engine makes."""

MIXABLE_FORMATS = tuple(f for f in QUANTIZED_FORMATS if f.block_format != MX9)
"""Those whose rows may begin with blocks of MX9."""

FLOAT_FORMATS = tuple(f for f in MemoryFormat if not f.block_format)
"""Floats."""

REORDER_FORMATS = (MemoryFormat.BINARY32, MemoryFormat.BFLOAT16)
"""What a reorder job reads: floats that zeros behind them widen to binary32."""

RESULT_FORMATS = (*QUANTIZED_FORMATS, *FLOAT_FORMATS)
"""What a product writes, and a reorder job of an engine with functions."""


def row_bytes(fmt: MemoryFormat, elements: int, mx9_blocks: int = 0) -> int:
    """Bytes of a row of ``elements``, its first ``mx9_blocks`` blocks being MX9."""
    return -(-elements // fmt.unit_elements) * fmt.unit_bytes + mx9_blocks * fmt.mx9_excess
