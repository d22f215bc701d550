"""Tokens in parts, so that row jobs and the products of what they make take turns."""

from golden import MX6
from golden.engine import EngineParameters
from golden.formats import BLOCK_SIZE

__all__ = ["product_parts", "token_parts"]

_MOST_PARTS, _LEAST_ROWS = 4, 64
"""Parts of a sample, and rows of one."""


def token_parts(tokens: int, p: EngineParameters) -> list[range]:
    """Rows of a sample of so many tokens, in parts for each of which weights may be read again.

    Each has twice as many rows as the arrays multiply while the port brings as many rows of weights.
    """
    tile = p.rows * p.arrays
    least = max(_LEAST_ROWS, 2 * tile * p.cols * MX6.block_bits // p.data_bits)
    count = max(1, min(_MOST_PARTS, tokens // least))
    size = -(-tokens // (count * tile)) * tile
    return [range(start, min(start + size, tokens)) for start in range(0, tokens, size)]


def product_parts(tokens: int, k: int, p: EngineParameters) -> list[range]:
    """The parts in which tokens of ``k`` channels are multiplied.

    A K longer than a chunk goes in one: each part would read its own operands several times, too.
    """
    return token_parts(tokens, p) if k <= BLOCK_SIZE * p.k_blocks else [range(tokens)]
