"""The softmax of heads: exponentials of q and k, sums of V weighted by them, divisions."""

from dataclasses import dataclass

import numpy as np

from golden import quantize
from golden.engine import MemoryFormat
from mixdit.compiler.channel_layout import HeadGroup, head_groups, padded
from mixdit.compiler.recorder import Recorder
from mixdit.driver import DeviceMatrix
from mixdit.plan.plan import AttentionPlan

__all__ = ["HeadJobs", "HeadOperands"]


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


class HeadJobs:
    """What the heads of an attention do with q, k and V^T of a sample.

    Parameters
    ----------
    recorder:
        What notes the jobs.
    name:
        Of the attention, for matrices that attentions of other blocks share.
    plan:
        The format of each head.
    width:
        Channels of a head.
    samples, queries, keys:
        Samples, and of each the rows of q and k.

    Attributes
    ----------
    operands: tuple[HeadOperands, ...]
        Of the heads of each format. What makes q, k and V^T writes them.
    """

    def __init__(
        self,
        recorder: Recorder,
        name: str,
        plan: AttentionPlan,
        width: int,
        *,
        samples: int,
        queries: int,
        keys: int,
    ) -> None:
        self._recorder, self._width, self._queries, self._keys = recorder, width, queries, keys
        self._heads = len(plan.heads)
        sums = self._heads * queries, width + 1
        self._sums = recorder.room(f"{name}: weighted sums", sums, MemoryFormat.BINARY32)
        self.operands = tuple(self._room(name, group, samples) for group in head_groups(plan))

    def weighted_sums(self, title: str, sample: int, mask: DeviceMatrix | None = None) -> None:
        """What each head of a sample gathers, and the sums of its weights.

        A job waits for the one before if it reads what that writes: so the exponentials of the next head
        come before the sums of one.

        Parameters
        ----------
        title:
            In front of the jobs' names.
        sample:
            Which one.
        mask:
            binary32 ``[1, keys]``, added to the scores, which are in base 2.
        """
        for head in range(self._heads + 1):
            if head < self._heads:
                self._exponentials(title, sample, head, mask)
            if head > 0:
                self._sum(title, head - 1)

    def divide(self, title: str, first: int, gathered: DeviceMatrix) -> None:
        """Write what heads gathered for queries from ``first`` on to ``gathered`` ``[rows, width]``."""
        for head in range(self._heads):
            start, row = head * self._width, head * self._queries + first
            self._recorder.named(f"{title}division of head {head}").reorder(
                self._sums.rows(row, row + gathered.shape[0]),
                gathered.columns(start, start + self._width),
                divide=True,
            )

    def _room(self, name: str, group: HeadGroup, samples: int) -> HeadOperands:
        size, fmt = len(group.heads), group.format
        columns = size * padded(self._width)

        def room(what: str, rows: int, columns: int) -> DeviceMatrix:
            return self._recorder.room(f"{name}: {what}, {fmt}", (rows, columns), fmt)

        q = room("q", samples * self._queries, columns)
        k = room("k", samples * self._keys, columns)
        v = room("V^T and ones", (self._width + 1) * size, self._keys)
        p = room("exponentials", 2 * self._queries, self._keys)
        ones = quantize(np.ones((size, self._keys), np.float32), fmt)
        self._recorder.fill("ones", v.rows(self._width * size, v.shape[0]), ones)
        return HeadOperands(group, q, k, v, p)

    def _exponentials(self, title: str, sample: int, head: int, mask: DeviceMatrix | None) -> None:
        of, place = self._place(head)
        start = place * padded(self._width)
        q, k = (
            matrix.rows(sample * n, (sample + 1) * n).columns(start, start + self._width)
            for matrix, n in ((of.q, self._queries), (of.k, self._keys))
        )
        self._recorder.named(f"{title}exponentials of head {head}").product(
            q, k, self._part(of.p, head % 2), bias=mask, function="exp2"
        )

    def _sum(self, title: str, head: int) -> None:
        of, place = self._place(head)
        self._recorder.named(f"{title}weighted sums of head {head}").product(
            self._part(of.p, head % 2), of.v.every(place, len(of.group.heads)), self._part(self._sums, head)
        )

    def _part(self, matrix: DeviceMatrix, n: int) -> DeviceMatrix:
        """The rows of a head."""
        return matrix.rows(n * self._queries, (n + 1) * self._queries)

    def _place(self, head: int) -> tuple[HeadOperands, int]:
        """The operands that a head is in, and which one of their heads it is."""
        of = next(each for each in self.operands if head in each.group.heads)
        return of, of.group.heads.index(head)
