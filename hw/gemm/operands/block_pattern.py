"""Where blocks can start in a beat of memory."""

from dataclasses import dataclass

from golden.engine import HALF_BLOCK_BYTES, MIXABLE_FORMATS, MemoryFormat
from golden.formats import MX9, MXINT8
from hw.gemm.geometry import banks_of

__all__ = ["BlockPattern", "block_patterns"]

HALF_BYTES = HALF_BLOCK_BYTES - 1
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

    def mixed(leading: int, fmt: MemoryFormat) -> tuple[int, ...]:
        return tuple(i * fmt.unit_bytes + min(i, leading) * fmt.mx9_excess for i in count)

    def halves(second: int) -> tuple[int, ...]:
        starts = [(i + second) // 2 * MXINT8.block_bytes + (i + second) % 2 * HALF_BLOCK_BYTES for i in count]
        return tuple(start - starts[0] for start in starts)

    return (
        BlockPattern(mixed(0, MemoryFormat.MX9), MemoryFormat.MX9, full),
        *(
            BlockPattern(mixed(leading, fmt), fmt, leading)
            for fmt in MIXABLE_FORMATS
            for leading in range(full)
        ),
        *(BlockPattern(halves(second), MemoryFormat.MXINT8, second=bool(second)) for second in range(2)),
    )
