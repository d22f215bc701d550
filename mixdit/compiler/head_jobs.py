"""The softmax of heads: exponentials of q and k, sums of V weighted by them, divisions."""

from collections.abc import Sequence

from mixdit.compiler.channel_layout import padded
from mixdit.compiler.head_operands import HeadMatrix, HeadOperands
from mixdit.compiler.recorder import Recorder
from mixdit.driver import DeviceMatrix

__all__ = ["HeadJobs"]


class HeadJobs:
    """What the heads of an attention do with q, k and V^T of a sample.

    Parameters
    ----------
    recorder:
        What notes the jobs.
    operands:
        Of the heads.
    sums:
        Room for what the heads gather and the sums of their weights, binary32
        ``[heads * queries, width + 1]``.
    heads, queries, keys:
        How many there are, and rows of q and k of a sample.
    """

    def __init__(
        self,
        recorder: Recorder,
        operands: HeadOperands,
        sums: DeviceMatrix,
        *,
        heads: int,
        queries: int,
        keys: int,
    ) -> None:
        self._recorder, self._operands, self._sums = recorder, operands, sums
        self._heads, self._queries, self._keys = heads, queries, keys
        self._width = sums.shape[1] - 1

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
                self._sum(title, sample, head - 1)

    def divide(self, title: str, sample: int, first: int, gathered: DeviceMatrix) -> None:
        """Write what a sample's heads gathered for queries from ``first`` on: ``[rows, width]``."""
        for head in range(self._heads):
            start, row = head * self._width, head * self._queries + first
            self._recorder.named(f"{title}division of head {head}", (sample, head)).reorder(
                self._sums.rows(row, row + gathered.shape[0]),
                gathered.columns(start, start + self._width),
                divide=True,
            )

    def _exponentials(self, title: str, sample: int, head: int, mask: DeviceMatrix | None) -> None:
        q, k = (
            self._columns(matrices, head).rows(sample * n, (sample + 1) * n)
            for matrices, n in ((self._operands.q, self._queries), (self._operands.k, self._keys))
        )
        self._recorder.named(f"{title}exponentials of head {head}", (sample, head)).product(
            q, k, self._exponentials_of(head), bias=mask, function="exp2"
        )

    def _sum(self, title: str, sample: int, head: int) -> None:
        of, place = _place(self._operands.v, head)
        self._recorder.named(f"{title}weighted sums of head {head}", (sample, head)).product(
            self._exponentials_of(head),
            of.matrix.every(place, len(of.group.heads)),
            self._part(self._sums, head),
        )

    def _exponentials_of(self, head: int) -> DeviceMatrix:
        """Two heads have room: the next one's are made while one's are summed up."""
        return self._part(self._operands.p[self._operands.p_formats[head]], head % 2)

    def _part(self, matrix: DeviceMatrix, n: int) -> DeviceMatrix:
        """The rows of a head."""
        return matrix.rows(n * self._queries, (n + 1) * self._queries)

    def _columns(self, matrices: Sequence[HeadMatrix], head: int) -> DeviceMatrix:
        """The columns of a head, without the zeros behind them."""
        of, place = _place(matrices, head)
        start = place * padded(self._width)
        return of.matrix.columns(start, start + self._width)


def _place(matrices: Sequence[HeadMatrix], head: int) -> tuple[HeadMatrix, int]:
    """The matrix that a head is in, and which one of its heads it is."""
    of = next(each for each in matrices if head in each.group.heads)
    return of, of.group.heads.index(head)
