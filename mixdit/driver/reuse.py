"""Which operand should stay on chip."""

from golden.engine import EngineParameters, stationary_group
from golden.formats import BLOCK_SIZE
from mixdit.driver.matrix import DeviceMatrix


def keeps_b(a: DeviceMatrix, b: DeviceMatrix, parameters: EngineParameters) -> bool:
    """Whether no more bytes are read if tiles of B stay on chip and A is read repeatedly, not the reverse.

    With B on chip, D is written in longer pieces.
    """
    blocks = -(-a.shape[1] // BLOCK_SIZE)
    a_group, b_group = (max(1, stationary_group(parameters, blocks, keep_b)) for keep_b in (False, True))
    a_bytes, b_bytes = (matrix.shape[0] * matrix.row_bytes for matrix in (a, b))
    keeping_a = a_bytes + b_bytes * -(-a.shape[0] // (a_group * parameters.rows * parameters.arrays))
    keeping_b = b_bytes + a_bytes * -(-b.shape[0] // (b_group * BLOCK_SIZE))
    return keeping_b <= keeping_a
