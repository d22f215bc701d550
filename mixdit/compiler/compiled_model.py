"""From a model by name, file or folder to a program of its blocks and an example for it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden import Format
from golden.engine import EngineParameters
from mixdit.compiler.diffusers_program import (
    Sizes,
    diffusers_example,
    diffusers_program,
    load_transformer,
    longest_row,
)
from mixdit.compiler.digits_program import digits_example, digits_program, one_plan
from mixdit.compiler.example import Example
from mixdit.compiler.program import Program
from mixdit.digits.checkpoint import load_model
from mixdit.layers.packed import load_packed, restore
from mixdit.plan.plan import Plan
from mixdit.plan.plan_file import load_plan

__all__ = ["CompiledModel", "Source"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """What to compile, and for which engine; see ``mixdit compile --help``."""

    model: str
    plan: Path | None
    packed: Path | None
    weight: Format
    activation: Format
    block: int | None
    tokens: int | None
    context_tokens: int | None
    samples: int
    timestep: int
    seed: int
    engine: dict[str, int]


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """A program and its example.

    Parameters
    ----------
    program, example:
        What was made.
    blocks:
        How many.
    """

    program: Program
    example: Example
    blocks: int

    @classmethod
    def of(cls, source: Source) -> "CompiledModel":
        """Compile blocks of a digits model, or, if it is a folder, of a transformer of diffusers.

        Raises
        ------
        OSError
            No such files.
        ValueError
            Another model, a plan of another model, sizes that do not fit; the message says which.
        MemoryError
            The program takes more memory than there is.
        """
        return _diffusers(source) if Path(source.model).is_dir() else _digits(source)


def _digits(source: Source) -> CompiledModel:
    if source.tokens is not None or source.context_tokens is not None:
        raise ValueError("tokens and context_tokens are for models of diffusers: a digits model has its own")
    network = load_model(source.model)
    blocks = _blocks(source, network.shape.depth)
    quantized, plan = _plan(source, network, load_model)
    program = digits_program(
        quantized,
        blocks,
        plan=plan,
        weight=source.weight,
        activation=source.activation,
        samples=source.samples,
        parameters=_parameters(source, network.shape.width),
    )
    example = digits_example(
        network, blocks, samples=source.samples, timestep=source.timestep, seed=source.seed
    )
    return CompiledModel(program, example, len(blocks))


def _diffusers(source: Source) -> CompiledModel:
    network = load_transformer(source.model)
    blocks = _blocks(source, len(network.transformer_blocks))
    sizes = Sizes(network, source.tokens, source.context_tokens)
    quantized, plan = _plan(source, network, load_transformer)
    program = diffusers_program(
        quantized,
        blocks,
        plan=plan,
        weight=source.weight,
        activation=source.activation,
        sizes=sizes,
        samples=source.samples,
        parameters=_parameters(source, longest_row(network)),
    )
    example = diffusers_example(
        network, blocks, sizes, samples=source.samples, timestep=source.timestep, seed=source.seed
    )
    return CompiledModel(program, example, len(blocks))


def _blocks(source: Source, depth: int) -> range:
    n = source.block
    if n is not None and n >= depth:
        raise ValueError(f"block must be 0 to {depth - 1}, not {n}")
    return range(depth) if n is None else range(n, n + 1)


def _parameters(source: Source, longest: int) -> EngineParameters:
    return EngineParameters(**source.engine, reorder_columns=max(16, longest))


def _plan(source: Source, network: Any, load: Callable[[str], Any]) -> tuple[Any, Plan | None]:
    """The model whose weights are compiled, and its plan; packed weights go into a second copy of it."""
    if source.plan is not None and source.packed is not None:
        raise ValueError("plan and packed must not be given both: packed weights have a plan")
    if source.packed is not None:
        found = load_packed(source.packed)
        plan = one_plan(found.plan)
        quantized = load(source.model)
        restore(quantized, found)
        return quantized, plan
    return network, None if source.plan is None else one_plan(load_plan(source.plan), source.timestep)
