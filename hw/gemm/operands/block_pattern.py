"""Where blocks can start in a beat of memory."""

from dataclasses import dataclass

from golden.engine import MemoryFormat
from golden.formats import MX4, MX6, MX9, MXINT8, Format
from hw.gemm.geometry import banks_of

__all__ = ["BlockPattern", "block_patterns"]

HALF_BYTES = MX9.block_size
"""Element bytes of half an MXINT8 block; the first half has the exponent in front."""


@dataclass(frozen=True)
class BlockPattern:
    """Starts of neighbouring blocks, relative to the first one's, and when it applies.

    Parameters
    ----------
    distances:
        Start of block i, for as many blocks as can start in a beat and one more.
    format:
        Format of the row behind its leading MX9 blocks.
    leading:
        MX9 blocks among them: exactly so many, or at least, if they fill the beat.
    second:
        In MXINT8: the first one is the second half of a block.
    """

    distances: tuple[int, ...]
    format: MemoryFormat
    leading: int = 0
    second: bool = False


def block_patterns(beat_bytes: int) -> tuple[BlockPattern, ...]:
    """Every pattern; the first is that of MX9 blocks alone."""
    full = -(-beat_bytes // MX9.block_bytes)
    count = range(banks_of(beat_bytes) + 1)

    def mixed(leading: int, fmt: Format) -> tuple[int, ...]:
        return tuple(min(i, leading) * MX9.block_bytes + max(i - leading, 0) * fmt.block_bytes for i in count)

    def halves(second: int) -> tuple[int, ...]:
        starts = [(i + second) // 2 * MXINT8.block_bytes + (i + second) % 2 * (1 + HALF_BYTES) for i in count]
        return tuple(start - starts[0] for start in starts)

    return (
        BlockPattern(mixed(len(count), MX9), MemoryFormat.MX9, full),
        *(
            BlockPattern(mixed(leading, fmt), MemoryFormat.of(fmt), leading)
            for fmt in (MX4, MX6)
            for leading in range(full)
        ),
        *(BlockPattern(halves(second), MemoryFormat.MXINT8, second=bool(second)) for second in range(2)),
    )
