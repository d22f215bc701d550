"""A modulated self-attention of one sequence, with its gate."""

from mixdit.compiler.block_layers import AttentionLayers
from mixdit.compiler.modulation import Modulation
from mixdit.compiler.multi_head_jobs import MultiHeadJobs, TokenSequence
from mixdit.compiler.recorder import Recorder
from mixdit.compiler.token_jobs import TokenJobs
from mixdit.compiler.value_bias import gathered_bias
from mixdit.plan.plan import AttentionPlan

__all__ = ["SelfAttentionJobs"]


class SelfAttentionJobs:
    """Norm, at once, and then heads, output and gate of an attention: `attend`.

    Parameters
    ----------
    recorder, block, name:
        What notes the jobs, and the names of block and attention.
    tokens:
        What is read and added to.
    layers, epsilon:
        Of the attention, and of its norm.
    modulation, first:
        Rows of it from ``first`` on are shift, scale and gate.
    """

    def __init__(
        self,
        recorder: Recorder,
        block: str,
        name: str,
        tokens: TokenJobs,
        layers: AttentionLayers,
        epsilon: float,
        modulation: Modulation,
        *,
        first: int = 0,
    ) -> None:
        query, output = layers.asking()
        self._recorder, self._block, self._name = recorder, block, name
        self._tokens, self._layers, self._output = tokens, layers, output
        self._inputs = tokens.inputs(name, [query, layers.key, layers.value])
        rows = modulation.shift_and_scale(name, first, first + 1, self._inputs.order)
        self._gated = modulation.gate(name, first + 2, gathered_bias(output.weights, layers.value.weights))
        tokens.normalize(name, self._inputs, rows, epsilon)

    def attend(self, heads: AttentionPlan) -> None:
        """Add to the tokens what heads of these formats gather, times the gate."""
        tokens, inputs = self._tokens, [self._inputs]
        sequence = TokenSequence("", self._layers, tokens.tokens)
        jobs = MultiHeadJobs(
            self._recorder,
            self._block,
            self._name,
            heads,
            queries=[sequence],
            keys=[sequence],
            samples=tokens.samples,
        )
        jobs.project(inputs, inputs)
        weight = tokens.weight(self._name, self._output)
        for s in range(tokens.samples):
            jobs.attend(s, inputs)
            tokens.add(self._name, s, jobs.attended[0], weight, self._gated)
