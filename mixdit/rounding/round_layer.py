"""A layer's best weights on the grids of their blocks, and its best bias."""

import torch
from torch import Tensor, nn

from mixdit.plan.plan import LinearPlan
from mixdit.rounding.compensated import DAMPING, compensated_rounding
from mixdit.rounding.moments import LayerMoments

__all__ = ["channel_order", "round_layer"]

SCARCE = 1.0


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

    Raises
    ------
    ValueError
        Weights that are not finite.
    """
    order = channel_order(plan)
    weight = linear.weight.detach()[:, order].double()
    has_bias = isinstance(linear.bias, Tensor)
    # Without a bias nothing else takes back the mean: it is part of what weights must fit.
    mixed, own = moments.centered() if has_bias else (moments.xy, moments.yy)
    few = len(own) / moments.count
    wanted = weight @ _best_fit(mixed, own, damping + SCARCE * few)
    rounded = compensated_rounding(wanted, own, plan.weight, damping=damping)
    result = nn.Linear(
        linear.in_features,
        linear.out_features,
        bias=has_bias,
        device=linear.weight.device,
        dtype=linear.weight.dtype,
    )
    with torch.no_grad():
        result.weight[:, order] = rounded.to(result.weight.dtype)
        if has_bias:
            mean_error = weight @ (moments.x / moments.count) - rounded.double() @ (moments.y / moments.count)
            result.bias.copy_(linear.bias.double() + mean_error)
    return result.requires_grad_(linear.weight.requires_grad).train(linear.training)


def channel_order(plan: LinearPlan) -> list[int]:
    """The channel at each place along K."""
    return list(range(plan.in_features)) if plan.permutation is None else list(plan.permutation)


def _best_fit(mixed: Tensor, own: Tensor, damping: float) -> Tensor:
    """``F``, ``[K, K]``, with which ``W F y`` is closest to ``W x``; near 1 where little is known of y."""
    ridge = damping * own.diagonal().mean().clamp_min(torch.finfo(own.dtype).tiny)
    identity = ridge * torch.eye(len(own), dtype=own.dtype, device=own.device)
    fit: Tensor = torch.linalg.solve(own + identity, (mixed + identity).T).T
    return fit
