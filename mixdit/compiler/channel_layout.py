"""In which order heads and channels lie in memory, and weights in that order.

Queries of heads that have them in one format are columns of one matrix, and so are keys, each head padded
with zeros to whole blocks. V^T has its rows by channel, then by head, so that one product makes those of
all heads, and a row of ones for each head lies behind.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from golden import Format
from golden.formats import BLOCK_SIZE
from mixdit.compiler.block_weights import LinearWeights

__all__ = ["HeadGroup", "head_groups", "padded", "query_rows", "value_rows"]


@dataclass(frozen=True)
class HeadGroup:
    """Heads that have an operand in one format.

    Parameters
    ----------
    format:
        Of the operand.
    heads:
        Which ones.
    """

    format: Format
    heads: tuple[int, ...]


def head_groups(formats: Iterable[Format]) -> tuple[HeadGroup, ...]:
    """The heads by the format of one operand, ``formats``, in the order of each format's first head."""
    listed = tuple(formats)
    return tuple(
        HeadGroup(fmt, tuple(h for h, other in enumerate(listed) if other == fmt))
        for fmt in dict.fromkeys(listed)
    )


def padded(channels: int) -> int:
    """Channels of whole blocks."""
    return -(-channels // BLOCK_SIZE) * BLOCK_SIZE


def query_rows(layer: LinearWeights, group: HeadGroup, width: int) -> LinearWeights:
    """The rows that make q or k of a group's heads, with zeros behind each head."""
    rows = len(group.heads) * padded(width)
    weight, bias = np.zeros((rows, layer.weight.shape[1]), np.float32), np.zeros(rows, np.float32)
    for place, head in enumerate(group.heads):
        to, taken = place * padded(width), slice(head * width, (head + 1) * width)
        weight[to : to + width], bias[to : to + width] = layer.weight[taken], layer.bias[taken]
    return LinearWeights(weight, bias)


def value_rows(layer: LinearWeights, group: HeadGroup, width: int) -> LinearWeights:
    """The rows that make V^T of a group's heads: the first channel of each head, then the second ones."""
    return layer.rows((np.array(group.heads) * width + np.arange(width)[:, None]).reshape(-1))
