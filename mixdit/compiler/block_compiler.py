"""Programs of blocks whose q, k and v are one layer, as the digits models have them."""

from collections.abc import Sequence

from golden.engine import EngineParameters
from mixdit.compiler.block_layers import AttentionLayers, ConditionedBlock, Perceptron
from mixdit.compiler.block_plan import BlockPlan
from mixdit.compiler.block_weights import BlockWeights
from mixdit.compiler.compile_layers import compile_layers
from mixdit.compiler.layer import Layer
from mixdit.compiler.program import Program

__all__ = ["compile_blocks"]


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
    return compile_layers(
        [_layers(weights, plan) for weights, plan in blocks],
        tokens=tokens,
        samples=samples,
        parameters=parameters,
        memory=memory,
    )


def _layers(weights: BlockWeights, plan: BlockPlan) -> ConditionedBlock:
    plan.check(weights)
    query, key, value = (Layer(part, plan.qkv) for part in weights.split_qkv())
    return ConditionedBlock(
        modulation=Layer(weights.modulation, plan.modulation),
        attention=AttentionLayers(
            query=query, key=key, value=value, output=Layer(weights.projection, plan.projection)
        ),
        heads=plan.attention,
        epsilon=weights.epsilon,
        perceptron=Perceptron(
            hidden=Layer(weights.fc1, plan.fc1),
            output=Layer(weights.fc2, plan.fc2),
            epsilon=weights.epsilon,
        ),
    )
