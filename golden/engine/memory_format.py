"""How the rows of a matrix lie in memory."""

from enum import IntEnum

from golden.formats import BLOCK_SIZE, MX4, MX6, MX9, MXINT8, Format


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
        return {self.MX4: MX4, self.MX6: MX6, self.MX9: MX9, self.MXINT8: MXINT8}.get(self)

    @property
    def alignment(self) -> int:
        """Every row starts at a multiple of so many bytes."""
        return 4 if self == self.BINARY32 else 2

    @classmethod
    def of(cls, fmt: Format) -> "MemoryFormat":
        """Code of a block format."""
        return cls[fmt.name]


def row_bytes(fmt: MemoryFormat, elements: int, mx9_blocks: int = 0) -> int:
    """Bytes of a row of ``elements``, its first ``mx9_blocks`` blocks being MX9."""
    block = fmt.block_format
    if block is None:
        return elements * (4 if fmt == MemoryFormat.BINARY32 else 2)
    if block == MXINT8:
        return -(-elements // MXINT8.block_size) * MXINT8.block_bytes
    blocks = -(-elements // BLOCK_SIZE)
    return mx9_blocks * MX9.block_bytes + (blocks - mx9_blocks) * block.block_bytes
