"""How many tiles of the stationary operand stay on chip at a time.

They change what is read how often, never a result. A tile of A is ``rows * arrays`` rows, one of B 16 rows.
"""

from golden.engine.parameters import EngineParameters
from golden.formats import BLOCK_SIZE

MOST_SPLIT = 8
"""Tiles of short K share a buffer slot, up to so many."""

_BLOCK_BYTES = 14
"""A block of MX6 operands with a few blocks of MX9."""


def least_group(parameters: EngineParameters, keep_b: bool) -> int:
    """Fewest stationary tiles that take as long to compute with as a tile of the other operand to read."""
    p = parameters
    read_rows = p.rows * p.arrays if keep_b else BLOCK_SIZE
    beat_bytes, array_tiles = p.data_bits // 8, BLOCK_SIZE // p.cols
    return -(-read_rows * _BLOCK_BYTES // (beat_bytes * array_tiles))


def stationary_group(parameters: EngineParameters, k_blocks: int, keep_b: bool) -> int:
    """Tiles in a group, for rows of ``k_blocks`` blocks; 0 where not even one fits with all its chunks.

    Half of those that fit, so that the next group, or the next job's, is read meanwhile; all of them where
    half would make the arrays wait for the other operand.
    """
    p = parameters
    tiles = max(2, p.stationary_tiles)
    if k_blocks > p.k_blocks:
        fit = tiles // -(-k_blocks // p.k_blocks)
    else:
        fit = tiles * max(s for s in (1, 2, 4, MOST_SPLIT) if s == 1 or k_blocks <= p.k_blocks // s)
    half = fit // 2
    return half if half >= least_group(p, keep_b) else fit
