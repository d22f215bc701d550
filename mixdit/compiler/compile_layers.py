"""Programs of blocks of diffusers, given as layers."""

from collections.abc import Sequence
from typing import Any

from golden.engine import EngineParameters
from mixdit.compiler.block_layers import ConditionedBlock, JointBlock, TableBlock
from mixdit.compiler.conditioned_block_compiler import ConditionedBlockCompiler
from mixdit.compiler.joint_block_compiler import JointBlockCompiler
from mixdit.compiler.program import Program
from mixdit.compiler.recorder import Recorder
from mixdit.compiler.table_block_compiler import TableBlockCompiler

__all__ = ["Block", "compile_layers"]

Block = ConditionedBlock | TableBlock | JointBlock

_COMPILERS: dict[type[Block], Any] = {
    ConditionedBlock: ConditionedBlockCompiler,
    TableBlock: TableBlockCompiler,
    JointBlock: JointBlockCompiler,
}


def compile_layers(
    blocks: Sequence[Block],
    *,
    tokens: int,
    context_tokens: int = 0,
    samples: int = 1,
    parameters: EngineParameters,
    memory: range | None = None,
) -> Program:
    """A program that sends tokens, and a context where there is one, through blocks.

    Parameters
    ----------
    blocks:
        All of one kind and one width.
    tokens, context_tokens, samples:
        Tokens and context tokens of a sample, 0 where blocks have no context, and samples.
    parameters:
        The engine, with a reorder unit for rows of tokens and context at least, and with functions.
    memory:
        Addresses that the program may use; left out, 1 GiB from 0x10000 on, or what the engine reaches of it.

    Raises
    ------
    ValueError
        No block, blocks of several kinds or widths, sizes out of range, or an engine without what jobs need.
    MemoryError
        ``memory`` is too small.
    """
    if not blocks:
        raise ValueError("blocks must hold at least 1 block, not 0")
    first = blocks[0]
    least = {"tokens": 1, "samples": 1, "context_tokens": int(not isinstance(first, ConditionedBlock))}
    for name, value in (("tokens", tokens), ("samples", samples), ("context_tokens", context_tokens)):
        if value < least[name]:
            raise ValueError(f"{name} must be at least {least[name]}, not {value!r}")
    if isinstance(first, ConditionedBlock) and context_tokens:
        raise ValueError(f"context_tokens must be 0 for blocks without a context, not {context_tokens!r}")
    width = _width(first)
    for n, block in enumerate(blocks):
        if type(block) is not type(first) or _width(block) != width:
            raise ValueError(
                f"block {n} must be a {type(first).__name__} of width {width}, not a"
                f" {type(block).__name__} of width {_width(block)}"
            )
    longest = max(width, first.cross.key.in_features if isinstance(first, TableBlock) else 0)
    recorder = Recorder.for_blocks(parameters, longest, memory)
    sizes = {"samples": samples, "tokens": tokens, "context_tokens": context_tokens}
    compiler: Any = _COMPILERS[type(first)](recorder, first, **sizes)
    for n, block in enumerate(blocks):
        compiler.add(f"block {n}", block)
    return recorder.program(samples, compiler.inputs, compiler.outputs)


def _width(block: Block) -> int:
    """Channels of a token."""
    return block.attention.value.in_features
