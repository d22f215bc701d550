"""Jobs of an attention: q of some tokens, k and V^T of the same or of others, and what the heads gather."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from golden import Tensor, concat, quantize
from golden.engine import MemoryFormat
from golden.formats import BLOCK_SIZE
from mixdit.compiler.block_layers import AttentionLayers, Norm
from mixdit.compiler.channel_layout import HeadGroup, padded, query_rows, value_rows
from mixdit.compiler.head_jobs import HeadJobs
from mixdit.compiler.head_operands import HeadMatrix, head_operands
from mixdit.compiler.layer import Layer
from mixdit.compiler.layer_inputs import LayerInputs
from mixdit.compiler.layer_jobs import LayerJobs
from mixdit.compiler.recorder import Recorder
from mixdit.compiler.token_parts import token_parts
from mixdit.compiler.value_bias import constant_of_value, has_constant
from mixdit.driver import DeviceMatrix, DevicePermutation
from mixdit.plan.plan import AttentionPlan

__all__ = ["MultiHeadJobs", "TokenSequence"]


@dataclass(frozen=True, eq=False)
class TokenSequence:
    """Tokens that ask, or that are asked.

    Parameters
    ----------
    owner:
        Whose tokens, in front of names: ``""`` or ``"context's "``.
    layers:
        With ``query`` and ``output`` if they ask.
    tokens:
        Of each sample.
    """

    owner: str
    layers: AttentionLayers
    tokens: int


class MultiHeadJobs:
    """An attention of one block, recorded job by job: `project`, then for each sample `attend`.

    Keys of several sequences lie behind each other, each from a whole block on: what lies between is masked.
    The bias of v goes past the heads, as weights of a softmax add up to 1: see `gathered_bias`. In a second
    sequence only what it differs by from the first one's is left to add.

    Parameters
    ----------
    recorder, block, name:
        What notes the jobs, and the names of block and attention.
    plan:
        The formats of each head.
    queries, keys:
        Sequences of each sample.
    samples:
        How many.

    Attributes
    ----------
    attended: list[DeviceMatrix]
        Of each sequence that asks the input of its output layer, for one sample: ``[tokens, width]``.
    """

    def __init__(
        self,
        recorder: Recorder,
        block: str,
        name: str,
        plan: AttentionPlan,
        *,
        queries: Sequence[TokenSequence],
        keys: Sequence[TokenSequence],
        samples: int,
    ) -> None:
        self._recorder, self._block, self._name = recorder, block, name
        self._queries, self._keys, self._samples = queries, keys, samples
        self._jobs = LayerJobs(recorder, block)
        width = keys[0].layers.key.out_features
        self._width = width // len(plan.heads)
        self._starts = [0]
        for each in keys[:-1]:
            self._starts.append(self._starts[-1] + padded(each.tokens))
        self._all_keys = self._starts[-1] + keys[-1].tokens
        rows = {"queries": sum(each.tokens for each in queries), "keys": self._all_keys}
        sums = len(plan.heads) * rows["queries"], self._width + 1
        gathered = recorder.room(f"{name}: weighted sums", sums, MemoryFormat.BINARY32)
        self._operands = head_operands(recorder, name, plan, self._width, samples=samples, **rows)
        self._heads = HeadJobs(recorder, self._operands, gathered, heads=len(plan.heads), **rows)
        self.attended: list[DeviceMatrix] = []
        self._gathered: list[tuple[DeviceMatrix, DevicePermutation | None]] = []
        for asking in queries:
            self._add_output(asking, width)
        self._mask = self._mask_gaps()

    def project(self, queries: Sequence[LayerInputs], keys: Sequence[LayerInputs]) -> None:
        """Queries and keys of all samples, queries scaled for base 2, from the inputs of each sequence."""
        scale = np.float32(math.log2(math.e) / math.sqrt(self._width))
        first = 0
        for asking, inputs in zip(self._queries, queries, strict=True):
            (layer, _), norm = asking.layers.asking(), asking.layers.query_norm
            spans = list(self._spans(asking.tokens, first, sum(each.tokens for each in self._queries)))
            for each in self._operands.q:
                self._project(f"{asking.owner}q", layer, norm, inputs.of(layer), each, spans, scale)
            first += asking.tokens
        for asked, inputs, start in zip(self._keys, keys, self._starts, strict=True):
            layer, norm = asked.layers.key, asked.layers.key_norm
            spans = list(self._spans(asked.tokens, start, self._all_keys))
            for each in self._operands.k:
                self._project(f"{asked.owner}k", layer, norm, inputs.of(layer), each, spans, None)
        self._values = [
            [self._value_weight(asked, each.group) for each in self._operands.v] for asked in self._keys
        ]

    def attend(self, sample: int, keys: Sequence[LayerInputs], mask: DeviceMatrix | None = None) -> None:
        """What the heads of a sample gather, in `attended` until the next sample's.

        Parameters
        ----------
        sample:
            Which one.
        keys:
            Inputs of the sequences that are asked.
        mask:
            binary32 ``[1, keys]`` of a single sequence, added to scores in base 2.
        """
        title = f"{self._block}, sample {sample}: {self._name}, "
        for asked, inputs, start, weights in zip(self._keys, keys, self._starts, self._values, strict=True):
            for each, weight in zip(self._operands.v, weights, strict=True):
                value = asked.layers.value
                source = inputs.with_ones(value) if self._has_constant(asked) else inputs.of(value)
                rows = source.rows(sample * asked.tokens, (sample + 1) * asked.tokens)
                to = each.matrix.rows(0, self._width * len(each.group.heads))
                self._recorder.named(f"{title}{asked.owner}V^T").product(
                    weight, rows, to.columns(start, start + asked.tokens)
                )
        self._heads.weighted_sums(title, sample, self._mask if mask is None else mask)
        first = 0
        for asking, (gathered, order), attended in zip(
            self._queries, self._gathered, self.attended, strict=True
        ):
            self._heads.divide(f"{title}{asking.owner}", sample, first, gathered)
            if gathered is not attended:
                for part in token_parts(asking.tokens, self._recorder.parameters):
                    self._recorder.named(f"{title}{asking.owner}heads in blocks").reorder(
                        gathered.rows(part.start, part.stop), attended.rows(part.start, part.stop), order
                    )
            first += asking.tokens

    def _add_output(self, asking: TokenSequence, width: int) -> None:
        """Room for what the heads gather for a sequence: in blocks, or in floats if blocks mix heads."""
        _, layer = asking.layers.asking()
        shape = asking.tokens, width
        name = f"{asking.owner}input of the output, {self._name}"
        attended = gathered = self._recorder.room(name, shape, *layer.input_format)
        permutation = None
        if self._width % BLOCK_SIZE or layer.order is not None:
            gathered = self._recorder.room(f"{name}, in floats", shape, MemoryFormat.BINARY32)
            permutation = self._recorder.permutation(f"{self._block}: order of the {name}", layer.order)
        self.attended.append(attended)
        self._gathered.append((gathered, permutation))

    def _mask_gaps(self) -> DeviceMatrix | None:
        """Zeros for k, and minus infinity for scores, where a sequence of keys ends within a block."""
        row = np.zeros((1, self._all_keys), np.float32)
        for asked, start in zip(self._keys[:-1], self._starts, strict=False):
            gap = slice(start + asked.tokens, start + padded(asked.tokens))
            row[0, gap] = -np.inf
            if gap.start == gap.stop:
                continue
            for each in self._operands.k:
                for s in range(self._samples):
                    rows = each.matrix.rows(s * self._all_keys + gap.start, s * self._all_keys + gap.stop)
                    zeros = quantize(np.zeros(rows.shape, np.float32), each.group.format)
                    self._recorder.fill("no keys", rows, zeros)
        if not row.any():
            return None
        return self._recorder.constant(f"{self._block}: mask of the {self._name}", row)

    def _spans(self, tokens: int, first: int, total: int) -> Iterator[tuple[slice, slice]]:
        """Rows of a sequence's input, and where they go: all samples at once where they follow each other."""
        if tokens == total:
            yield slice(0, self._samples * tokens), slice(0, self._samples * tokens)
            return
        for s in range(self._samples):
            to = s * total + first
            yield slice(s * tokens, (s + 1) * tokens), slice(to, to + tokens)

    def _project(
        self,
        name: str,
        layer: Layer,
        norm: Norm | None,
        a: DeviceMatrix,
        to: HeadMatrix,
        spans: list[tuple[slice, slice]],
        scale: np.float32 | None,
    ) -> None:
        """Queries or keys of the heads that have them in one format, normalized if asked for."""
        group, d = to.group, to.matrix
        name = f"{self._name}, {name}, {group.format}"
        size = len(group.heads)
        parts = [(a.rows(s.start, s.stop), d.rows(t.start, t.stop)) for s, t in spans]
        if norm is None:
            rows = layer.with_weights(query_rows(layer.weights, group, self._width))
            self._jobs.products(name, rows, parts, scale=scale)
            return
        chosen = np.array(group.heads)[:, None] * self._width + np.arange(self._width)
        rows = layer.rows(chosen.reshape(-1))
        shape = sum(taken.shape[0] for taken, _ in parts), size * self._width
        floats = self._recorder.room(f"q or k of {size} heads, in floats", shape, MemoryFormat.BINARY32)
        self._jobs.product(name, rows, a, floats)
        factor = norm.weight if scale is None else norm.weight * scale
        factors = self._recorder.constant(f"{self._block}: scale of {name}", factor[None])
        for source, target in spans:
            self._recorder.named(f"{self._block}: norm of {name}").reorder(
                _by_head(floats.rows(source.start, source.stop), size, self._width),
                _by_head(d.rows(target.start, target.stop), size, self._width),
                norm="rms",
                epsilon=norm.epsilon,
                scale=factors,
            )

    def _has_constant(self, asked: TokenSequence) -> bool:
        return has_constant(asked.layers.value.weights, self._keys[0].layers.value.weights)

    def _value_weight(self, asked: TokenSequence, group: HeadGroup) -> DeviceMatrix:
        layer = asked.layers.value
        rows = layer.with_weights(value_rows(layer.weights, group, self._width))
        weight: Tensor = rows.quantized()
        if self._has_constant(asked):
            first = self._keys[0].layers.value.weights
            others = value_rows(first, group, self._width).bias
            weight = concat([constant_of_value(rows.bias - others), weight])
        return self._jobs.weight(f"{self._name}, {asked.owner}V, {group.format}", weight)


def _by_head(matrix: DeviceMatrix, heads: int, width: int) -> DeviceMatrix:
    """Each row as rows of its heads."""
    return replace(matrix, shape=(matrix.shape[0] * heads, width), pitch=matrix.row_bytes // heads)
