"""Operands of heads, where they lie."""

from dataclasses import dataclass

import numpy as np

from golden import Tensor, quantize
from mixdit.compiler.channel_layout import HeadGroup, padded
from mixdit.compiler.recorder import Recorder
from mixdit.driver import DeviceMatrix

__all__ = ["HeadOperands", "head_operands", "ones_of_heads"]


@dataclass(frozen=True)
class HeadOperands:
    """Operands of the heads of one format.

    Parameters
    ----------
    group:
        Which heads.
    q, k:
        ``[samples * queries, heads * padded]`` and ``[samples * keys, heads * padded]``.
    v:
        V^T of one sample and its rows of ones: ``[(head_width + 1) * heads, keys]``.
    p:
        Exponentials of two heads: ``[2 * queries, keys]``.
    """

    group: HeadGroup
    q: DeviceMatrix
    k: DeviceMatrix
    v: DeviceMatrix
    p: DeviceMatrix


def head_operands(
    recorder: Recorder, name: str, group: HeadGroup, width: int, *, samples: int, queries: int, keys: int
) -> HeadOperands:
    """Room for the operands of heads of one format, with the rows of ones.

    Parameters
    ----------
    recorder:
        What gives it.
    name:
        Of the attention, for matrices that attentions of other blocks share.
    group, width:
        The heads, and channels of each.
    samples, queries, keys:
        Samples, and of each the rows of q and k.
    """
    size, fmt = len(group.heads), group.format

    def room(what: str, rows: int, columns: int) -> DeviceMatrix:
        return recorder.room(f"{name}: {what}, {fmt}", (rows, columns), fmt)

    q = room("q", samples * queries, size * padded(width))
    k = room("k", samples * keys, size * padded(width))
    v = room("V^T and ones", (width + 1) * size, keys)
    p = room("exponentials", 2 * queries, keys)
    recorder.fill("ones", v.rows(width * size, v.shape[0]), ones_of_heads(group, keys))
    return HeadOperands(group, q, k, v, p)


def ones_of_heads(group: HeadGroup, keys: int) -> Tensor:
    """A row of ones for each head of a group."""
    return quantize(np.ones((len(group.heads), keys), np.float32), group.format)
