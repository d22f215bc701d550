"""Jobs of DiT's blocks: modulation by a layer of the condition."""

from golden.engine import MemoryFormat
from mixdit.compiler.block_layers import ConditionedBlock
from mixdit.compiler.condition_modulation import ConditionModulation
from mixdit.compiler.layer_inputs import LayerInputs
from mixdit.compiler.layer_jobs import activate
from mixdit.compiler.program import CONDITION, TOKENS
from mixdit.compiler.recorder import Recorder
from mixdit.compiler.self_attention_jobs import SelfAttentionJobs
from mixdit.compiler.token_jobs import TokenJobs

__all__ = ["ConditionedBlockCompiler"]

_FLOAT = MemoryFormat.BINARY32


class ConditionedBlockCompiler:
    """Records the jobs of DiT's blocks that work on the same tokens, one block after the other: `add`.

    The condition is binary32 ``[samples, width]``.

    Parameters
    ----------
    recorder:
        What notes the jobs.
    block:
        The first one, for its sizes.
    samples, tokens, context_tokens:
        Independent sequences, and tokens of each; there is no context.
    """

    inputs = (TOKENS, CONDITION)
    outputs = (TOKENS,)

    def __init__(
        self, recorder: Recorder, block: ConditionedBlock, *, samples: int, tokens: int, context_tokens: int
    ) -> None:
        self._recorder, self._samples = recorder, samples
        width = block.modulation.in_features
        self._x = recorder.room(TOKENS, (samples * tokens, width), _FLOAT)
        self._activated = activate(recorder, recorder.room(CONDITION, (samples, width), _FLOAT))

    def add(self, name: str, block: ConditionedBlock) -> None:
        """A block."""
        r, tokens = self._recorder, TokenJobs(self._recorder, name, "", self._x, self._samples)
        condition = LayerInputs(
            r, name, "condition in blocks", [block.modulation], self._samples, floats=self._activated
        )
        condition.read(0, self._samples)
        width = self._x.shape[1]
        modulation = ConditionModulation(r, name, block.modulation, condition, self._samples, width)
        SelfAttentionJobs(r, name, "attention", tokens, block.attention, block.epsilon, modulation).attend(
            block.heads
        )
        tokens.perceive(block.perceptron, modulation, shift=3, scale=4, gate=5)
