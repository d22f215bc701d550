"""Choosing under one budget for a whole model, and how much of the budget is worth it."""

from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor

Layer = TypeVar("Layer", str, tuple[str, str])
"""A layer by its path, or part of it."""


def choose(
    gains: Mapping[Layer, Tensor], costs: Mapping[Layer, float], budget: float, cover: float = 1.0
) -> dict[Layer, Tensor]:
    """The pieces of greatest gain per cost that fit a budget.

    Pieces are taken in the order of their gain; one that no longer fits is left out, and cheaper ones after
    it may still fit. Pieces without gain are never taken.

    Parameters
    ----------
    gains:
        By layer, float32 ``[pieces]``: error removed per unit of cost.
    costs:
        By layer, the cost of one piece.
    budget:
        Most that all pieces together may cost.
    cover:
        Part of all pieces' gain, 0 to 1: once so much is taken, no more is.

    Returns
    -------
    By layer, int64 ``[n]``: the pieces taken, in ascending order.
    """
    ranked = sorted(
        (-gain, layer, i)
        for layer, values in gains.items()
        for i, gain in enumerate(values.tolist())
        if gain > 0
    )
    taken: dict[Layer, list[int]] = {layer: [] for layer in gains}
    left = budget * (1 + 1e-12)
    wanted = cover * sum(-gain * costs[layer] for gain, layer, _ in ranked)
    gained = 0.0
    for gain, layer, i in ranked:
        if cover < 1 and gained >= wanted:
            break
        if costs[layer] <= left:
            left -= costs[layer]
            taken[layer].append(i)
            gained -= gain * costs[layer]
    return {layer: torch.tensor(sorted(pieces), dtype=torch.int64) for layer, pieces in taken.items()}
