"""Rounding of all weights that a plan names, each layer for what it gets from those before it."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from mixdit.calibration.batches import Batch
from mixdit.layers.modules import Model, copy_structure, replace_module
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan import LinearPlan, Plan
from mixdit.rounding.compensated import DAMPING, compensated_rounding
from mixdit.rounding.layer_inputs import layer_input
from mixdit.rounding.moments import LayerMoments
from mixdit.tensors.quantize import fake_quantize

__all__ = ["round_layer", "round_weights"]


def round_weights(
    model: Model,
    plan: Plan,
    batches: Sequence[Batch],
    *,
    damping: float = DAMPING,
    progress: Callable[[int, int], None] | None = None,
) -> Model:
    """A copy of a model whose weights `quantize_model` with ``plan`` keeps as they are.

    Layer by layer in the plan's order, which must be that of the pass: what a layer gets in floating point, and
    what it multiplies behind the quantized layers before it, say which weights and bias bring its output
    closest to that in floating point; the weights are then rounded by `compensated_rounding`. So a layer
    takes back what it can of the errors before it. Two passes of the model up to the layer for each batch.

    Parameters
    ----------
    model:
        In floating point; it is left as it is, and shares all but the rounded layers with the copy.
    plan:
        Static: without thresholds.
    batches:
        Arguments of the model, over many timesteps; hundreds of tokens at least.
    damping:
        See `mixdit.rounding.compensated.DAMPING`.
    progress:
        Called with layers done and in all.

    Raises
    ------
    ValueError
        No batch, a plan for another model or with a threshold, or an input that is not finite; the
        message names the layer.
    """
    if not batches:
        raise ValueError("batches must hold at least 1 batch, not 0")
    rounded = copy_structure(model)
    for done, (path, layer_plan) in enumerate(plan.linears.items()):
        if layer_plan.threshold is not None:
            raise ValueError(f"{path}: a threshold chooses formats at run time: its weights cannot be rounded")
        quantized = quantize_model(rounded, plan)
        order = _order(layer_plan)
        linear = model.get_submodule(path)
        try:
            moments = LayerMoments.empty(layer_plan.in_features, linear.weight.device)
            for batch in batches:
                x = layer_input(model, path, batch).flatten(0, -2)[:, order]
                y = layer_input(quantized, path, batch).flatten(0, -2)[:, order]
                moments.update(x, fake_quantize(y, layer_plan.formats))
            replace_module(rounded, path, round_layer(linear, layer_plan, moments, damping=damping))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        if progress is not None:
            progress(done + 1, len(plan.linears))
    return rounded


def round_layer(
    linear: nn.Linear, plan: LinearPlan, moments: LayerMoments, *, damping: float = DAMPING
) -> nn.Linear:
    """A layer with rounded weights, and a bias that takes back the error of its mean.

    Parameters
    ----------
    linear:
        In floating point; it is left as it is.
    plan:
        Its formats and order of channels.
    moments:
        Of its inputs, channels in that order.
    damping:
        See `mixdit.rounding.compensated.DAMPING`.
    """
    order = _order(plan)
    weight = linear.weight.detach()[:, order].double()
    if linear.bias is None:
        # Without a bias nothing takes back the mean: it is part of what weights must fit.
        mixed, own = moments.xy, moments.yy
    else:
        mixed, own = moments.centered()
    wanted = weight @ _best_fit(mixed, own, damping)
    rounded = compensated_rounding(wanted, own, plan.weight, damping=damping)
    result = nn.Linear(
        linear.in_features,
        linear.out_features,
        bias=linear.bias is not None,
        device=linear.weight.device,
        dtype=linear.weight.dtype,
    )
    with torch.no_grad():
        result.weight[:, order] = rounded.to(result.weight.dtype)
        if linear.bias is not None:
            mean_error = weight @ (moments.x / moments.count) - rounded.double() @ (moments.y / moments.count)
            result.bias.copy_(linear.bias.double() + mean_error)
    return result.requires_grad_(linear.weight.requires_grad).train(linear.training)


def _best_fit(mixed: Tensor, own: Tensor, damping: float) -> Tensor:
    """``F``, ``[K, K]``, with which ``W F y`` is closest to ``W x``; near 1 where little is known of y."""
    ridge = damping * own.diagonal().mean().clamp_min(torch.finfo(own.dtype).tiny)
    identity = ridge * torch.eye(len(own), dtype=own.dtype, device=own.device)
    return torch.linalg.solve(own + identity, (mixed + identity).T).T


def _order(plan: LinearPlan) -> list[int]:
    return list(range(plan.in_features)) if plan.permutation is None else list(plan.permutation)
