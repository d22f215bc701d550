"""Choosing under one budget for a whole model."""

from collections.abc import Mapping

import torch
from torch import Tensor


def choose(gains: Mapping[str, Tensor], costs: Mapping[str, float], budget: float) -> dict[str, Tensor]:
    """The pieces of greatest gain that fit a budget.

    Pieces are taken in the order of their gain (per unit of cost, if gains are stated so); one that no
    longer fits is left out, and cheaper ones after it may still fit. Pieces without gain are never taken.

    Parameters
    ----------
    gains:
        By layer, float32 ``[pieces]``.
    costs:
        By layer, the cost of one piece.
    budget:
        Most that all pieces together may cost.

    Returns
    -------
    By layer, int64 ``[n]``: the pieces taken, in ascending order.
    """
    ranked = sorted(
        (-gain, layer, i) for layer, values in gains.items() for i, gain in enumerate(values.tolist()) if
        gain > 0
    )
    taken: dict[str, list[int]] = {layer: [] for layer in gains}
    left = budget * (1 + 1e-12)
    for _, layer, i in ranked:
        if costs[layer] <= left:
            left -= costs[layer]
            taken[layer].append(i)
    return {layer: torch.tensor(sorted(pieces), dtype=torch.int64) for layer, pieces in taken.items()}
