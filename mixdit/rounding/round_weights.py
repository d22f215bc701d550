"""Rounding of all weights that a plan names, each layer for what it gets from those before it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from torch import nn

from mixdit.layers.batches import Batch
from mixdit.layers.modules import Model, copy_structure, replace_module
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.rounding.compensated import DAMPING
from mixdit.rounding.layer_inputs import Arguments, layer_input, module_arguments
from mixdit.rounding.moments import LayerMoments
from mixdit.rounding.round_layer import channel_order, round_layer
from mixdit.tensors.quantize import fake_quantize

__all__ = ["round_weights"]

Progress = Callable[[int, int], None]
"""Called with layers done and in all."""

Layer = TypeVar("Layer", LinearPlan, AttentionPlan)

Calls = tuple[nn.Module, Sequence[Arguments]]
"""A block, and what it is called with."""


def round_weights(
    model: Model,
    plan: Plan,
    batches: Sequence[Batch],
    *,
    damping: float = DAMPING,
    progress: Progress | None = None,
    known: Mapping[str, nn.Linear] | None = None,
    keep: Callable[[Mapping[str, nn.Linear]], None] | None = None,
) -> Model:
    """A copy of a model with weights that `quantize_model` with ``plan`` keeps as they are.

    Block by block, and layer by layer in the plan's order, which must be that of the pass: what a layer gets
    in floating point, and what it multiplies behind the quantized layers before it, say which weights and
    bias bring its output closest to that in floating point; the weights are then rounded by
    `compensated_rounding`. So a layer takes back what it can of the errors before it. A block is a member of
    a ``ModuleList``; each costs two passes of the model up to it for each batch, and two of itself per layer.

    Parameters
    ----------
    model:
        In floating point; it is left as it is, and shares all but the rounded layers with the copy.
    plan:
        Static: without thresholds.
    batches:
        Arguments of the model, over many timesteps; of several times as many tokens as a layer has channels.
    damping:
        See `mixdit.rounding.compensated.DAMPING`.
    progress:
        Called with layers done and in all.
    known:
        Layers that were rounded before, by path: they are taken as they are.
    keep:
        Called after each block with all layers that are rounded, by path.

    Raises
    ------
    ValueError
        No batch, a plan for another model or with a threshold, or an input that is not finite; the
        message names the layer.
    """
    if not batches:
        raise ValueError("batches must hold at least 1 batch, not 0")
    for path, layer in plan.linears.items():
        if layer.threshold is not None:
            raise ValueError(
                f"{path}: a threshold chooses formats at run time: weights cannot be rounded for it"
            )
    quantize_model(model, plan)  # raises for a plan of another model
    known = known or {}
    done: dict[str, nn.Linear] = {}
    rounded, quantized = copy_structure(model), copy_structure(model)
    for part in _parts(model, plan):
        block = rounded.get_submodule(part.path)
        if all(path in known for path in part.paths):
            for path in part.paths:
                done[path] = known[path]
                replace_module(rounded, path, done[path])
        else:
            for path, linear in _round_block(model, quantized, block, part, batches, damping):
                replace_module(rounded, path, linear)
                done[path] = linear
                if progress is not None:
                    progress(len(done), len(plan.linears))
            if keep is not None:
                keep(done)
        if part.path:
            replace_module(quantized, part.path, quantize_model(block, part.plan))
        if progress is not None:
            progress(len(done), len(plan.linears))
    return rounded


@dataclass(frozen=True)
class _Part:
    """A block of the model, or all of it, and its layers that are rounded.

    Parameters
    ----------
    path:
        That of the block; ``""`` for the model.
    plan:
        What the plan says of it, by paths within it.
    paths:
        Linear layers to round, as the model calls them.
    """

    path: str
    plan: Plan
    paths: tuple[str, ...]

    def within(self, path: str) -> str:
        """A path of the model from the block on."""
        return path.removeprefix(f"{self.path}.") if self.path else path


def _parts(model: nn.Module, plan: Plan) -> list[_Part]:
    """The plan block by block; layers outside of blocks, and those that are one, with the model itself."""
    lists = [path for path, module in model.named_modules() if isinstance(module, nn.ModuleList)]

    def block_of(path: str) -> str:
        for name in lists:  # the outermost first
            number, _, inner = path.removeprefix(f"{name}.").partition(".")
            if path.startswith(f"{name}.") and inner:
                return f"{name}.{number}"
        return ""

    def of_block(block: str, layers: Mapping[str, Layer]) -> dict[str, Layer]:
        return {
            p.removeprefix(f"{block}."): x for p, x in layers.items() if not block or block_of(p) == block
        }

    return [
        _Part(
            block,
            Plan(linears=of_block(block, plan.linears), attentions=of_block(block, plan.attentions)),
            tuple(path for path in plan.linears if block_of(path) == block),
        )
        for block in dict.fromkeys(map(block_of, plan.linears))
    ]


def _round_block(
    model: nn.Module,
    quantized: nn.Module,
    block: nn.Module,
    part: _Part,
    batches: Sequence[Batch],
    damping: float,
) -> Iterator[tuple[str, nn.Linear]]:
    """Round the layers of ``block``, a copy of one of ``model``, one by one; the caller puts each into it."""
    original = model.get_submodule(part.path)
    exact, coarse = (
        [module_arguments(whole, part.path, batch) for batch in batches] for whole in (model, quantized)
    )
    for path in part.paths:
        inner = part.within(path)
        linear, layer_plan = original.get_submodule(inner), part.plan.linears[inner]
        assert isinstance(linear, nn.Linear)
        try:
            halves = _moments(
                (original, exact), (quantize_model(block, part.plan), coarse), inner, layer_plan
            )
            layer = round_layer(linear, layer_plan, halves, damping=damping)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        yield path, layer


def _moments(exact: Calls, coarse: Calls, path: str, plan: LinearPlan) -> tuple[LayerMoments, LayerMoments]:
    """Of a layer's inputs, in floating point and quantized behind quantized layers; of half of each call."""
    order = channel_order(plan)
    halves: tuple[LayerMoments, LayerMoments] | None = None
    for before, behind in zip(exact[1], coarse[1], strict=True):
        x, y = (
            layer_input(block, path, arguments).flatten(0, -2)[:, order].float()
            for block, arguments in ((exact[0], before), (coarse[0], behind))
        )
        y = fake_quantize(y, plan.formats)
        halves = halves or (
            LayerMoments.empty(plan.in_features, x.device),
            LayerMoments.empty(plan.in_features, x.device),
        )
        half = len(x) // 2
        halves[0].update(x[:half], y[:half])
        halves[1].update(x[half:], y[half:])
    assert halves is not None
    return halves
