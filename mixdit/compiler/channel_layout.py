"""In which order heads and channels lie in memory, and weights in that order.

Queries of heads of one format are columns of one matrix, and so are keys, each head padded with zeros to
whole blocks. V^T has its rows by channel, then by head, so that one product makes those of all heads, and a
row of ones for each head lies behind. The projection reads the heads side by side, each padded to whole
blocks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden import Format
from golden.formats import BLOCK_SIZE
from mixdit.compiler.block_weights import LinearWeights
from mixdit.plan.plan import AttentionPlan, LinearPlan

__all__ = [
    "AttendedOrder",
    "HeadGroup",
    "head_groups",
    "padded",
    "projection_columns",
    "query_rows",
    "value_rows",
]


@dataclass(frozen=True)
class HeadGroup:
    """Heads of one format.

    Parameters
    ----------
    format:
        Of q, k, p and v.
    heads:
        Which ones.
    """

    format: Format
    heads: tuple[int, ...]


def head_groups(plan: AttentionPlan) -> tuple[HeadGroup, ...]:
    """The heads by their formats, in the order of each format's first head."""
    return tuple(
        HeadGroup(fmt, tuple(h for h, other in enumerate(plan.heads) if other == fmt))
        for fmt in dict.fromkeys(plan.heads)
    )


def padded(channels: int) -> int:
    """Channels of whole blocks."""
    return -(-channels // BLOCK_SIZE) * BLOCK_SIZE


@dataclass(frozen=True, eq=False)
class AttendedOrder:
    """How the results of the heads lie in the projection's input.

    Parameters
    ----------
    heads:
        intp ``[heads]``: which head is where.
    channels:
        intp ``[heads, head_width]``: the channels of each head, by head, in their order.
    mx9_blocks:
        Blocks at the start of a row that are in the plan's high format.
    """

    heads: NDArray[np.intp]
    channels: NDArray[np.intp]
    mx9_blocks: int

    @classmethod
    def of(cls, plan: LinearPlan, heads: int) -> "AttendedOrder":
        """The order nearest to the plan's of those in which no head is torn apart.

        Heads with more of the channels that the plan has in its high format come first, and channels of a
        head stand as in the plan: the order of a head's channels is that of V^T's rows, which is free, but
        what one job writes is one head.
        """
        width = plan.in_features // heads
        order = range(plan.in_features) if plan.permutation is None else plan.permutation
        place = np.argsort(order).reshape(heads, width)
        high = (place < plan.high_blocks * BLOCK_SIZE).sum(axis=1)
        blocks = heads * padded(width) // BLOCK_SIZE
        return cls(
            heads=np.argsort(-high, kind="stable"),
            channels=np.argsort(place, axis=1),
            mx9_blocks=-(-plan.high_blocks * blocks // len(plan.formats)),
        )

    def start(self, head: int) -> int:
        """The head's first column."""
        return int(np.flatnonzero(self.heads == head)[0]) * padded(self.channels.shape[1])


def query_rows(layer: LinearWeights, group: HeadGroup, width: int) -> LinearWeights:
    """The rows that make q or k of a group's heads, with zeros behind each head."""
    rows = len(group.heads) * padded(width)
    weight, bias = np.zeros((rows, layer.weight.shape[1]), np.float32), np.zeros(rows, np.float32)
    for place, head in enumerate(group.heads):
        to, taken = place * padded(width), slice(head * width, (head + 1) * width)
        weight[to : to + width], bias[to : to + width] = layer.weight[taken], layer.bias[taken]
    return LinearWeights(weight, bias)


def value_rows(layer: LinearWeights, group: HeadGroup, order: AttendedOrder) -> LinearWeights:
    """The rows that make V^T of a group's heads: the first channel of each head, then the second ones."""
    heads = np.array(group.heads)
    channels = order.channels[heads] + heads[:, None] * order.channels.shape[1]
    return layer.rows(channels.T.reshape(-1))


def projection_columns(weight: NDArray[np.float32], order: AttendedOrder) -> NDArray[np.float32]:
    """The projection's weight ``[width, width]`` for its input as it lies: ``[width, heads * padded]``."""
    heads, width = order.channels.shape
    result = np.zeros((weight.shape[0], heads, padded(width)), np.float32)
    for place, head in enumerate(order.heads):
        result[:, place, :width] = weight[:, head * width + order.channels[head]]
    return result.reshape(weight.shape[0], -1)
