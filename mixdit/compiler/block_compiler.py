"""Jobs of transformer blocks: adaptive layer norms, attention, perceptron."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from golden import MX6, Tensor, quantize
from golden.engine import EngineParameters, MemoryFormat
from golden.formats import BLOCK_SIZE
from mixdit.compiler.attention_jobs import AttentionJobs
from mixdit.compiler.block_plan import BlockPlan, activation_format, channel_order
from mixdit.compiler.block_weights import BlockWeights, LinearWeights
from mixdit.compiler.condition_modulation import ConditionModulation
from mixdit.compiler.layer import Layer
from mixdit.compiler.layer_inputs import LayerInputs
from mixdit.compiler.layer_jobs import activate
from mixdit.compiler.program import CONDITION, TOKENS, Program
from mixdit.compiler.recorder import Recorder
from mixdit.compiler.value_bias import gathered_bias
from mixdit.driver import DeviceMatrix
from mixdit.plan.plan import LinearPlan

__all__ = ["BlockCompiler", "compile_blocks"]

_FLOAT = MemoryFormat.BINARY32

_MOST_PARTS, _LEAST_ROWS = 4, 64
"""Parts of a sample in which row jobs and the products of what they make take turns, and rows of one."""


class BlockCompiler:
    """Records the jobs of blocks that work on the same tokens, one block after the other: `add`.

    The engine computes everything: nothing is left to the host between tokens and tokens.

    Parameters
    ----------
    recorder:
        What notes the jobs.
    samples, tokens, width:
        Independent sequences, tokens of each, channels of a token.
    """

    def __init__(self, recorder: Recorder, *, samples: int, tokens: int, width: int) -> None:
        self._recorder = recorder
        self._samples, self._tokens, self._width = samples, tokens, width
        self._parts = _parts(tokens, recorder.parameters)
        self._x = recorder.room(TOKENS, (samples * tokens, width), _FLOAT)
        condition = recorder.room(CONDITION, (samples, width), _FLOAT)
        self._activated = activate(recorder, condition)

    def add(self, name: str, weights: BlockWeights, plan: BlockPlan) -> None:
        """A block; raises ``ValueError`` for weights of another width, or a plan of another block."""
        if weights.width != self._width:
            raise ValueError(f"{name} must have width {self._width}, not {weights.width}")
        plan.check(weights)
        attention, perceptron = self._modulate(name, weights, plan)
        self._attend(name, weights, plan, *attention)
        self._perceive(name, weights, plan, *perceptron)

    def _modulate(
        self, name: str, weights: BlockWeights, plan: BlockPlan
    ) -> list[tuple[DeviceMatrix, DeviceMatrix]]:
        """Of attention and perceptron the shift and scale of each sample, and its bias and gate.

        Rows of a pair lie side by side, as a job takes them: shift and scale are one product, and a gate
        lands behind the bias of the layer that it belongs to.
        """
        *_, v = weights.split_qkv()
        layer, samples = Layer(weights.modulation, plan.modulation), self._samples
        condition = LayerInputs(
            self._recorder, name, "condition in blocks", [layer], samples, floats=self._activated
        )
        condition.read(0, samples)
        modulation = ConditionModulation(self._recorder, name, layer, condition, samples, self._width)
        return [
            (
                modulation.shift_and_scale(part, first, first + 1, channel_order(consumer)),
                modulation.gate(part, first + 2, bias),
            )
            for part, first, bias, consumer in (
                ("attention", 0, gathered_bias(weights.projection, v), plan.qkv),
                ("perceptron", 3, weights.fc2.bias, plan.fc1),
            )
        ]

    def _attend(
        self, name: str, weights: BlockWeights, plan: BlockPlan, modulation: DeviceMatrix, gated: DeviceMatrix
    ) -> None:
        jobs = AttentionJobs(self._recorder, name, weights, plan, self._tokens, self._parts)
        normalized = self._normalize(name, "attention", weights, plan.qkv, modulation)
        jobs.queries_and_keys(normalized)
        b = self._constant(name, "projection", self._weight(weights.projection.weight, plan.projection))
        for s in range(self._samples):
            jobs.heads(s, self._sample(normalized, s))
            self._gated(f"{name}, sample {s}: projection", jobs.attended, b, s, gated)

    def _perceive(
        self, name: str, weights: BlockWeights, plan: BlockPlan, modulation: DeviceMatrix, gated: DeviceMatrix
    ) -> None:
        normalized = self._normalize(name, "perceptron", weights, plan.fc1, modulation)
        hidden = self._room("hidden", self._samples * self._tokens, plan.fc2)
        # The hidden channels come out of the first layer in the order in which the second one takes them.
        order = channel_order(plan.fc2)
        first = weights.fc1.rows(slice(None) if order is None else order)
        self._linear(name, "hidden", normalized, first, plan.fc1, hidden, function="gelu", by_parts=True)
        b = self._constant(name, "fc2", self._weight(weights.fc2.weight, plan.fc2))
        for s in range(self._samples):
            self._gated(f"{name}, sample {s}: perceptron", self._sample(hidden, s), b, s, gated)

    def _normalize(
        self, name: str, part: str, weights: BlockWeights, plan: LinearPlan, modulation: DeviceMatrix
    ) -> DeviceMatrix:
        """Each sample's tokens through the layer norm, with its shift and scale."""
        normalized = self._room(f"input of the {part}", self._samples * self._tokens, plan)
        order = self._recorder.permutation(f"{name}: order of the {part}'s input", channel_order(plan))
        for s in range(self._samples):
            for rows in self._parts:
                self._recorder.named(f"{name}, sample {s}: norm of the {part}").reorder(
                    self._sample(self._x, s, rows),
                    self._sample(normalized, s, rows),
                    order,
                    norm="layer",
                    epsilon=weights.epsilon,
                    shift=modulation.rows(2 * s, 2 * s + 1),
                    scale=modulation.rows(2 * s + 1, 2 * s + 2),
                )
        return normalized

    def _gated(self, name: str, a: DeviceMatrix, b: DeviceMatrix, sample: int, gated: DeviceMatrix) -> None:
        """Products with bias, times the sample's gate, plus its tokens.

        In parts, if a chunk holds all of K: else each part would read its operands several times, too.
        """
        chunk = BLOCK_SIZE * self._recorder.parameters.k_blocks
        for rows in self._parts if a.shape[1] <= chunk else [range(self._tokens)]:
            self._recorder.named(name).product(
                a.rows(rows.start, rows.stop),
                b,
                self._sample(self._x, sample, rows),
                bias=gated.rows(2 * sample, 2 * sample + 1),
                gate=gated.rows(2 * sample + 1, 2 * sample + 2),
                accumulate=True,
            )

    def _linear(
        self,
        block: str,
        name: str,
        a: DeviceMatrix,
        layer: LinearWeights,
        plan: LinearPlan,
        d: DeviceMatrix,
        function: str | None = None,
        by_parts: bool = False,
    ) -> None:
        b = self._constant(block, name, self._weight(layer.weight, plan))
        bias = self._recorder.constant(f"{block}: bias of {name}", layer.bias[None])
        if not by_parts or len(self._parts) == 1:
            self._recorder.named(f"{block}: {name}").product(a, b, d, bias=bias, function=function)
            return
        for s in range(self._samples):
            for rows in self._parts:
                self._recorder.named(f"{block}, sample {s}: {name}").product(
                    self._sample(a, s, rows), b, self._sample(d, s, rows), bias=bias, function=function
                )

    def _weight(self, weight: NDArray[np.float32], plan: LinearPlan) -> Tensor:
        order = channel_order(plan)
        return quantize(weight if order is None else weight[:, order], plan.weight)

    def _constant(self, block: str, name: str, weight: Tensor) -> DeviceMatrix:
        return self._recorder.constant(f"{block}: weight of {name}", weight)

    def _room(self, name: str, rows: int, plan: LinearPlan) -> DeviceMatrix:
        """Room for the input of a layer."""
        fmt, mx9_blocks = activation_format(plan)
        return self._recorder.room(name, (rows, plan.in_features), fmt, mx9_blocks)

    def _sample(self, matrix: DeviceMatrix, sample: int, rows: range | None = None) -> DeviceMatrix:
        """The tokens of a sample, or these of them."""
        rows = rows or range(self._tokens)
        return matrix.rows(sample * self._tokens + rows.start, sample * self._tokens + rows.stop)


def compile_blocks(
    blocks: Sequence[tuple[BlockWeights, BlockPlan]],
    *,
    tokens: int,
    samples: int = 1,
    parameters: EngineParameters,
    memory: range | None = None,
) -> Program:
    """A program that sends tokens through blocks.

    Parameters
    ----------
    blocks:
        Weights and plan of each, in their order; all of one width.
    tokens, samples:
        Tokens of a sample, and samples.
    parameters:
        The engine, with a reorder unit for rows of the blocks' width at least, and with functions.
    memory:
        Addresses that the program may use; left out, 1 GiB from 0x10000 on, or what the engine reaches of it.

    Returns
    -------
    Program
        Its tokens and condition are for the host to write, its tokens to read.

    Raises
    ------
    ValueError
        No block, blocks of several widths, plans of other blocks, or an engine without what the jobs need.
    MemoryError
        ``memory`` is too small.
    """
    if not blocks:
        raise ValueError("blocks must hold at least 1 block, not 0")
    for name, value in (("tokens", tokens), ("samples", samples)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value!r}")
    width = blocks[0][0].width
    recorder = Recorder.for_blocks(parameters, width, memory)
    compiler = BlockCompiler(recorder, samples=samples, tokens=tokens, width=width)
    for n, (weights, plan) in enumerate(blocks):
        compiler.add(f"block {n}", weights, plan)
    return recorder.program(samples)


def _parts(tokens: int, p: EngineParameters) -> list[range]:
    """Rows of a sample of so many tokens, in parts for each of which weights may be read again.

    Each has twice as many rows as the arrays multiply while the port brings as many rows of weights.
    """
    tile = p.rows * p.arrays
    least = max(_LEAST_ROWS, 2 * tile * p.cols * MX6.block_bits // p.data_bits)
    count = max(1, min(_MOST_PARTS, tokens // least))
    size = -(-tokens // (count * tile)) * tile
    return [range(start, min(start + size, tokens)) for start in range(0, tokens, size)]
