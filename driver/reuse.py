"""Which operand should stay on chip."""

from driver.matrix import DeviceMatrix
from golden.engine import EngineParameters
from golden.formats import BLOCK_SIZE

_MOST_SPLIT = 8
"""Short tiles share a buffer slot, up to so many."""


def keeps_b(a: DeviceMatrix, b: DeviceMatrix, parameters: EngineParameters) -> bool:
    """Whether fewer bytes are read if tiles of B stay on chip and A is read repeatedly, not the reverse."""
    blocks = -(-a.shape[1] // BLOCK_SIZE)
    tiles = parameters.stationary_tiles * min(_MOST_SPLIT, max(1, parameters.k_blocks // blocks))
    chunks = -(-blocks // parameters.k_blocks)
    group = max(1, tiles // chunks)
    a_bytes, b_bytes = (matrix.shape[0] * matrix.row_bytes for matrix in (a, b))
    keeping_a = a_bytes + b_bytes * -(-a.shape[0] // (group * parameters.rows * parameters.arrays))
    keeping_b = b_bytes + a_bytes * -(-b.shape[0] // (group * BLOCK_SIZE))
    return keeping_b < keeping_a
