"""Operands of heads, where they lie."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from golden import Format, Tensor, quantize
from mixdit.compiler.channel_layout import HeadGroup, head_groups, padded
from mixdit.compiler.recorder import Recorder
from mixdit.driver import DeviceMatrix
from mixdit.plan.plan import AttentionPlan

__all__ = ["HeadMatrix", "HeadOperands", "head_operands", "ones_of_heads"]


@dataclass(frozen=True)
class HeadMatrix:
    """One operand of all heads that have it in one format.

    Parameters
    ----------
    group:
        Which heads.
    matrix:
        Where it lies.
    """

    group: HeadGroup
    matrix: DeviceMatrix


@dataclass(frozen=True)
class HeadOperands:
    """Operands of the heads of an attention, in a matrix for each format that some head has them in.

    Parameters
    ----------
    q, k:
        ``[samples * queries, heads * padded]`` and ``[samples * keys, heads * padded]``.
    v:
        V^T of one sample and its rows of ones: ``[(head_width + 1) * heads, keys]``.
    p:
        Exponentials of two heads: ``[2 * queries, keys]``, by format.
    p_formats:
        The format of each head's exponentials.
    """

    q: tuple[HeadMatrix, ...]
    k: tuple[HeadMatrix, ...]
    v: tuple[HeadMatrix, ...]
    p: Mapping[Format, DeviceMatrix]
    p_formats: tuple[Format, ...]


def head_operands(
    recorder: Recorder, name: str, plan: AttentionPlan, width: int, *, samples: int, queries: int, keys: int
) -> HeadOperands:
    """Room for the operands of heads, with the rows of ones.

    Parameters
    ----------
    recorder:
        What gives it.
    name:
        Of the attention, for matrices that attentions of other blocks share.
    plan, width:
        Formats of the heads, and channels of each.
    samples, queries, keys:
        Samples, and of each the rows of q and k.
    """

    def room(what: str, group: HeadGroup, rows: int, columns: int) -> HeadMatrix:
        fmt = group.format
        return HeadMatrix(group, recorder.room(f"{name}: {what}, {fmt}", (rows, columns), fmt))

    q_groups, k_groups, p_groups, v_groups = (
        head_groups(formats) for formats in zip(*plan.heads, strict=True)
    )
    q = tuple(room("q", g, samples * queries, len(g.heads) * padded(width)) for g in q_groups)
    k = tuple(room("k", g, samples * keys, len(g.heads) * padded(width)) for g in k_groups)
    v = tuple(room("V^T and ones", g, (width + 1) * len(g.heads), keys) for g in v_groups)
    p = {g.format: room("exponentials", g, 2 * queries, keys).matrix for g in p_groups}
    for each in v:
        first = width * len(each.group.heads)
        ones = each.matrix.rows(first, each.matrix.shape[0])
        recorder.fill("ones", ones, ones_of_heads(each.group, keys))
    return HeadOperands(q, k, v, p, tuple(head.p for head in plan.heads))


def ones_of_heads(group: HeadGroup, keys: int) -> Tensor:
    """A row of ones for each head of a group."""
    return quantize(np.ones((len(group.heads), keys), np.float32), group.format)
