"""Jobs of Stable Diffusion 3's blocks: image and context attend to both."""

from golden.engine import MemoryFormat
from mixdit.compiler.block_layers import JointBlock
from mixdit.compiler.condition_modulation import ConditionModulation
from mixdit.compiler.layer_inputs import LayerInputs
from mixdit.compiler.layer_jobs import activate
from mixdit.compiler.modulation import Modulation
from mixdit.compiler.multi_head_jobs import MultiHeadJobs, TokenSequence
from mixdit.compiler.program import CONDITION, CONTEXT, TOKENS
from mixdit.compiler.recorder import Recorder
from mixdit.compiler.self_attention_jobs import SelfAttentionJobs
from mixdit.compiler.token_jobs import TokenJobs
from mixdit.compiler.value_bias import gathered_bias, has_constant
from mixdit.driver import DeviceMatrix

__all__ = ["JointBlockCompiler"]

_FLOAT = MemoryFormat.BINARY32


class JointBlockCompiler:
    """Records the jobs of blocks that work on the same image and context, one block after the other: `add`.

    The condition is binary32 ``[samples, width]``, the context ``[samples * context_tokens, width]``, input
    and result as the tokens are.

    Parameters
    ----------
    recorder:
        What notes the jobs.
    block:
        The first one, for its sizes.
    samples, tokens, context_tokens:
        Independent sequences, and tokens of each.
    """

    inputs = (TOKENS, CONDITION, CONTEXT)
    outputs = (TOKENS, CONTEXT)

    def __init__(
        self, recorder: Recorder, block: JointBlock, *, samples: int, tokens: int, context_tokens: int
    ) -> None:
        self._recorder, self._samples, self._width = recorder, samples, block.modulation.in_features
        self._x = recorder.room(TOKENS, (samples * tokens, self._width), _FLOAT)
        condition = recorder.room(CONDITION, (samples, self._width), _FLOAT)
        self._context = recorder.room(CONTEXT, (samples * context_tokens, self._width), _FLOAT)
        self._activated = activate(recorder, condition)

    def add(self, name: str, block: JointBlock) -> None:
        """A block."""
        r, samples = self._recorder, self._samples
        image = TokenJobs(r, name, "", self._x, samples)
        context = TokenJobs(r, name, "context's ", self._context, samples)
        layers = [block.modulation, block.context_modulation]
        condition = LayerInputs(r, name, "condition in blocks", layers, samples, floats=self._activated)
        condition.read(0, samples)
        of_image, of_context = (
            ConditionModulation(r, name, layer, condition, samples, self._width) for layer in layers
        )
        # The second attention reads the image as it was before the first one.
        second = None
        if block.second is not None:
            second = SelfAttentionJobs(
                r, name, "second attention", image, block.second, block.epsilon, of_image, first=6
            )
        self._attend(name, block, image, context, of_image, of_context)
        if second is not None and block.second_heads is not None:
            second.attend(block.second_heads)
        image.perceive(block.perceptron, of_image, shift=3, scale=4, gate=5)
        if block.context_perceptron is not None:
            context.perceive(block.context_perceptron, of_context, shift=3, scale=4, gate=5)

    def _attend(
        self,
        name: str,
        block: JointBlock,
        image: TokenJobs,
        context: TokenJobs,
        of_image: Modulation,
        of_context: Modulation,
    ) -> None:
        """The joint attention; a last block's context is asked, but asks nothing, and stays as it is."""
        part, last = "joint attention", block.context_perceptron is None
        sides = [(image, block.attention), (context, block.context_attention)]
        constant = has_constant(block.context_attention.value.weights, block.attention.value.weights)
        inputs = [
            side.inputs(
                part,
                [layer for layer in (layers.query, layers.key, layers.value) if layer is not None],
                ones=layers.value if constant and side is context else None,
            )
            for side, layers in sides
        ]
        gated: list[DeviceMatrix] = []
        for (side, layers), of_side, taken, epsilon in zip(
            sides, (of_image, of_context), inputs, (block.epsilon, block.context_epsilon), strict=True
        ):
            # A last block's context has its scale before its shift.
            shift, scale = (1, 0) if last and side is context else (0, 1)
            rows = of_side.shift_and_scale(f"{side.owner}{part}", shift, scale, taken.order)
            if layers.output is not None:
                bias = gathered_bias(layers.output.weights, block.attention.value.weights)
                gated.append(of_side.gate(f"{side.owner}{part}", 2, bias))
            side.normalize(part, taken, rows, epsilon)
        asking = [(side, layers) for side, layers in sides if layers.query is not None]
        jobs = MultiHeadJobs(
            self._recorder,
            name,
            part,
            block.heads,
            queries=[TokenSequence(side.owner, layers, side.tokens) for side, layers in asking],
            keys=[TokenSequence(side.owner, layers, side.tokens) for side, layers in sides],
            samples=self._samples,
        )
        jobs.project(inputs[: len(asking)], inputs)
        outputs = [
            (side, side.weight(part, layers.output)) for side, layers in asking if layers.output is not None
        ]
        for s in range(self._samples):
            jobs.attend(s, inputs)
            for (side, weight), attended, rows in zip(outputs, jobs.attended, gated, strict=True):
                side.add(part, s, attended, weight, rows)
