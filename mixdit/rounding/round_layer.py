"""A layer's best weights on the grids of their blocks, and its best bias."""

import torch
from torch import Tensor, nn

from mixdit.plan.plan import LinearPlan
from mixdit.rounding.compensated import DAMPING, compensated_rounding
from mixdit.rounding.moments import LayerMoments

__all__ = ["channel_order", "round_layer"]

_RIDGES = (1.0, 30.0, 1000.0)
"""How strongly weights are held to the original ones, in units of the damping: what is best on the half of
the inputs that they were not fitted to; or held altogether."""


def round_layer(
    linear: nn.Linear,
    plan: LinearPlan,
    halves: tuple[LayerMoments, LayerMoments],
    *,
    damping: float = DAMPING,
) -> nn.Linear:
    """A layer with rounded weights, and a bias that takes back the error of its mean.

    Parameters
    ----------
    linear:
        In floating point; it is left as it is.
    plan:
        Its formats and order of channels.
    halves:
        Of its inputs, channels in that order: two parts, which check each other.
    damping:
        See `mixdit.rounding.compensated.DAMPING`.

    Raises
    ------
    ValueError
        Weights that are not finite, or no inputs.
    """
    moments = halves[0] + halves[1]
    if not moments.count:
        raise ValueError("there is no input to round weights for")
    order = channel_order(plan)
    weight = linear.weight.detach()[:, order].double()
    has_bias = isinstance(linear.bias, Tensor)
    rounded = compensated_rounding(
        _best_fit(weight, halves, has_bias, damping),
        moments.products(about_mean=has_bias)[1],
        plan.weight,
        damping=damping,
    )
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


def _best_fit(
    weight: Tensor, halves: tuple[LayerMoments, LayerMoments], about_mean: bool, damping: float
) -> Tensor:
    """Weights whose products with y are close to those of ``weight`` with x; ``weight`` if none is closer.

    Without a bias nothing else takes back the mean: it is part of what they must fit.
    """
    if not all(half.count for half in halves):
        return weight
    parts = [half.products(about_mean=about_mean) for half in halves]
    best, ridge = sum(_error(weight, weight, *part) for part in parts), None
    for candidate in _RIDGES:
        error = sum(
            _error(weight, _fitted(weight, *parts[i], candidate * damping), *parts[1 - i]) for i in (0, 1)
        )
        if error < best:
            best, ridge = error, candidate
    if ridge is None:
        return weight
    return _fitted(weight, *(halves[0] + halves[1]).products(about_mean=about_mean), ridge * damping)


def _fitted(weight: Tensor, mixed: Tensor, own: Tensor, ridge: float) -> Tensor:
    """Least squares: weights for y, near ``weight`` where little is known of it."""
    held = ridge * own.diagonal().mean().clamp_min(torch.finfo(own.dtype).tiny)
    system = torch.linalg.cholesky(own + held * torch.eye(len(own), dtype=own.dtype, device=own.device))
    return torch.cholesky_solve((weight @ mixed + held * weight).T, system).T


def _error(weight: Tensor, found: Tensor, mixed: Tensor, own: Tensor) -> float:
    """Mean square of ``weight x - found y``, less that of ``weight x``."""
    return float(((found @ own) * found).sum() - 2 * ((weight @ mixed) * found).sum())
