"""Jobs of self-attention: from normalized tokens to what the heads have gathered."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from golden import quantize
from golden.engine import MemoryFormat
from golden.formats import BLOCK_SIZE
from mixdit.compiler.block_plan import BlockPlan, activation_format, channel_order
from mixdit.compiler.block_weights import BlockWeights, LinearWeights
from mixdit.compiler.channel_layout import (
    head_groups,
    padded,
    query_rows,
    value_rows,
)
from mixdit.compiler.head_jobs import HeadJobs
from mixdit.compiler.head_operands import HeadOperands, ones_of_heads
from mixdit.compiler.recorder import Recorder
from mixdit.driver import DeviceMatrix, DevicePermutation

__all__ = ["AttentionJobs"]


@dataclass(frozen=True)
class _Group:
    """Operands of the heads of one format, and the weight of V^T ``[head_width * heads, width]``."""

    heads: HeadOperands
    weight: DeviceMatrix


class AttentionJobs:
    """The attention of one block, recorded job by job.

    q and k of all samples are made at once, ``queries_and_keys``; what the heads of a sample gather,
    ``heads``, lies in `attended` until the next sample's. Divisions write it there if heads are whole blocks,
    in the order that the projection takes; else they write floats, which one more job orders and quantizes.

    Parameters
    ----------
    recorder:
        What notes the jobs.
    name:
        Of the block.
    weights, plan:
        Those of the block.
    tokens:
        Tokens of a sample.
    parts:
        Rows of those that are ordered and quantized at a time.

    Attributes
    ----------
    attended:
        Input of the projection, as its plan says: ``[tokens, width]``.
    """

    def __init__(
        self,
        recorder: Recorder,
        name: str,
        weights: BlockWeights,
        plan: BlockPlan,
        tokens: int,
        parts: Sequence[range],
    ) -> None:
        self._recorder, self._name, self._tokens, self._parts = recorder, name, tokens, parts
        self._weights, self._plan = weights, plan
        self._width = weights.head_width
        shape = tokens, weights.width
        self.attended = recorder.room("attended", shape, *activation_format(plan.projection))
        self._gathered = self.attended
        self._order: DevicePermutation | None = None
        order = channel_order(plan.projection)
        if self._width % BLOCK_SIZE or order is not None:
            self._gathered = recorder.room("attended, in floats", shape, MemoryFormat.BINARY32)
            self._order = recorder.permutation(f"{name}: order of the projection's input", order)
        sums = weights.heads * tokens, self._width + 1
        self._sums = recorder.room("weighted sums", sums, MemoryFormat.BINARY32)
        self._groups: list[_Group] = []

    def queries_and_keys(self, normalized: DeviceMatrix) -> None:
        """Queries and keys of ``normalized`` ``[samples * tokens, width]``, q scaled for base 2."""
        q, k, v = self._weights.split_qkv()
        scale = np.float32(math.log2(math.e) / math.sqrt(self._width))
        for group in head_groups(self._plan.attention):
            size = len(group.heads)
            rows = normalized.shape[0], size * padded(self._width)
            queries = self._recorder.room(f"q, {group.format}", rows, group.format)
            keys = self._recorder.room(f"k, {group.format}", rows, group.format)
            self._product("q", query_rows(q, group, self._width), normalized, queries, scale)
            self._product("k", query_rows(k, group, self._width), normalized, keys)
            value_shape = (self._width + 1) * size, self._tokens
            value_weight = self._weight("V", value_rows(v, group, self._width))
            values = self._recorder.room(f"V^T and ones, {group.format}", value_shape, group.format)
            ones = ones_of_heads(group, self._tokens)
            self._recorder.fill("ones", values.rows(self._width * size, value_shape[0]), ones)
            two_heads = 2 * self._tokens, self._tokens
            exponentials = self._recorder.room(f"exponentials, {group.format}", two_heads, group.format)
            operands = HeadOperands(group, queries, keys, values, exponentials)
            self._groups.append(_Group(operands, value_weight))

    def heads(self, sample: int, normalized: DeviceMatrix) -> None:
        """What each head of a sample gathers; ``normalized`` is the sample's, ``[tokens, width]``.

        A job waits for the one before where it reads what that writes: so the exponentials of the next head
        come before the sums of one. Divisions find places among them, see `overlapping`.
        """
        for each in self._groups:
            count = self._width * len(each.heads.group.heads)
            self._named(sample, "V^T").product(each.weight, normalized, each.heads.v.rows(0, count))
        jobs = HeadJobs(
            self._recorder,
            [each.heads for each in self._groups],
            self._sums,
            heads=self._weights.heads,
            queries=self._tokens,
            keys=self._tokens,
        )
        title = f"{self._name}, sample {sample}: "
        jobs.weighted_sums(title, sample)
        jobs.divide(title, 0, self._gathered)
        if self._gathered is not self.attended:
            for part in self._parts:
                rows = part.start, part.stop
                self._named(sample, "heads in blocks").reorder(
                    self._gathered.rows(*rows), self.attended.rows(*rows), self._order
                )

    def _product(
        self,
        name: str,
        layer: LinearWeights,
        a: DeviceMatrix,
        d: DeviceMatrix,
        scale: np.float32 | None = None,
    ) -> None:
        """A product with a bias, times a scale, for all samples."""
        rows = [layer.bias] if scale is None else [layer.bias, np.full_like(layer.bias, scale)]
        vectors = self._recorder.constant(f"{self._name}: vectors of {name}", np.stack(rows))
        gate = None if scale is None else vectors.rows(1, 2)
        self._recorder.named(f"{self._name}: {name}").product(
            a, self._weight(name, layer), d, bias=vectors.rows(0, 1), gate=gate
        )

    def _weight(self, name: str, layer: LinearWeights) -> DeviceMatrix:
        plan = self._plan.qkv
        order = channel_order(plan)
        weight = layer.weight if order is None else layer.weight[:, order]
        return self._recorder.constant(f"{self._name}: weight of {name}", quantize(weight, plan.weight))

    def _named(self, sample: int, name: str) -> Recorder:
        return self._recorder.named(f"{self._name}, sample {sample}: {name}")
