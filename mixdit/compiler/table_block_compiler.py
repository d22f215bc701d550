"""Jobs of PixArt's blocks: modulation by a table, and a cross-attention to text."""

from golden.engine import MemoryFormat
from mixdit.compiler.block_layers import TableBlock
from mixdit.compiler.layer_inputs import LayerInputs
from mixdit.compiler.multi_head_jobs import MultiHeadJobs, TokenSequence
from mixdit.compiler.program import CONDITION, CONTEXT, MASK, TOKENS
from mixdit.compiler.recorder import Recorder
from mixdit.compiler.self_attention_jobs import SelfAttentionJobs
from mixdit.compiler.table_modulation import TableModulation
from mixdit.compiler.token_jobs import TokenJobs
from mixdit.compiler.value_bias import gathered_bias

__all__ = ["TableBlockCompiler"]

_FLOAT = MemoryFormat.BINARY32


class TableBlockCompiler:
    """Records the jobs of PixArt's blocks that work on the same tokens, one block after the other: `add`.

    The condition is binary32 ``[samples, 6 * width]``. The context are text tokens ``[samples *
    context_tokens, text_width]``; the mask is ``[samples, context_tokens]``, 0 for a token, and minus
    infinity, or a number below -1000, for none.

    Parameters
    ----------
    recorder:
        What notes the jobs.
    block:
        The first one, for its sizes.
    samples, tokens, context_tokens:
        Independent sequences, tokens of each, and text tokens of each.
    """

    inputs = (TOKENS, CONDITION, CONTEXT, MASK)
    outputs = (TOKENS,)

    def __init__(
        self, recorder: Recorder, block: TableBlock, *, samples: int, tokens: int, context_tokens: int
    ) -> None:
        self._recorder, self._samples, self._context_tokens = recorder, samples, context_tokens
        width, text_width = block.table.shape[1], block.cross.key.in_features
        self._x = recorder.room(TOKENS, (samples * tokens, width), _FLOAT)
        self._condition = recorder.room(CONDITION, (samples, block.table.size), _FLOAT)
        self._context = recorder.room(CONTEXT, (samples * context_tokens, text_width), _FLOAT)
        self._mask = recorder.room(MASK, (samples, context_tokens), _FLOAT)

    def add(self, name: str, block: TableBlock) -> None:
        """A block."""
        tokens = TokenJobs(self._recorder, name, "", self._x, self._samples)
        modulation = TableModulation(self._recorder, name, block.table, self._condition)
        SelfAttentionJobs(
            self._recorder, name, "self-attention", tokens, block.attention, block.epsilon, modulation
        ).attend(block.heads)
        self._ask_text(name, block, tokens)
        tokens.perceive(block.perceptron, modulation, shift=3, scale=4, gate=5)

    def _ask_text(self, name: str, block: TableBlock, tokens: TokenJobs) -> None:
        """The cross-attention, whose q is of the tokens as they are; what it gives is added to them."""
        part, layers = "cross-attention", block.cross
        query, output = layers.asking()
        asking = tokens.as_they_are(part, [query])
        rows = self._samples * self._context_tokens
        text = LayerInputs(
            self._recorder, name, "text in blocks", [layers.key, layers.value], rows, floats=self._context
        )
        text.read(0, rows)
        jobs = MultiHeadJobs(
            self._recorder,
            name,
            part,
            block.cross_heads,
            queries=[TokenSequence("", layers, tokens.tokens)],
            keys=[TokenSequence("", layers, self._context_tokens)],
            samples=self._samples,
        )
        jobs.project([asking], [text])
        weight = tokens.weight(part, output)
        bias = gathered_bias(output.weights, layers.value.weights)[None]
        constant = self._recorder.constant(f"{name}: bias of the {part}", bias)
        for s in range(self._samples):
            jobs.attend(s, [text], self._mask.rows(s, s + 1))
            tokens.add(part, s, jobs.attended[0], weight, constant)
