"""Choosing for a whole model what the time of the array is best spent on."""

import heapq
import math
from collections.abc import Callable, Hashable, Sequence

from mixdit.calibration.choice import Choice
from mixdit.calibration.piece import Piece

__all__ = ["choose_within"]

TOLERANCE = 1e-12
"""Of limits, relative: sums of many numbers may end so much beside them."""

Rating = Callable[[Piece, float], float]
"""How much a piece is worth, by what it costs."""


def _per_cost(piece: Piece, cost: float) -> float:
    return piece.gain / cost if cost > 0 else math.inf


def _per_element(piece: Piece, cost: float) -> float:
    return piece.gain / piece.elements


def choose_within(
    pieces: Sequence[Piece], begin: Callable[[], Choice], latency: float, shares: dict[Hashable, float]
) -> Choice:
    """Take the pieces of greatest gain for what they cost, as long as every limit holds.

    The best next piece is taken until none fits: best for its cost, as time is what there is too little of;
    and once more from the beginning, best for its elements, in case that it is shares. The choice that gains
    more is returned, the first one if both gain the same. What a piece costs may depend on what was taken
    before, and may only rise thereby: k in MX9 costs twice as much once q is.

    Parameters
    ----------
    pieces:
        With their gains; those without gain are never taken.
    begin:
        Gives a choice with nothing taken.
    latency:
        Most that all pieces may cost together.
    shares:
        Most elements of linear layers, ``(part, False)``, and of attention, ``(part, True)``, in each range
        of timesteps.
    """
    found = [_filled(pieces, begin(), latency, dict(shares), rating) for rating in (_per_cost, _per_element)]
    return max(found, key=lambda each: each[0])[1]


def _filled(
    pieces: Sequence[Piece],
    choice: Choice,
    latency: float,
    shares: dict[Hashable, float],
    rating: Rating,
) -> tuple[float, Choice]:
    """What is gained, and the choice."""
    latency *= 1 + TOLERANCE
    shares = {key: share * (1 + TOLERANCE) for key, share in shares.items()}
    queue = [(-rating(piece, choice.cost(piece)), piece) for piece in pieces if piece.gain > 0]
    heapq.heapify(queue)
    gained = 0.0
    while queue:
        rated, piece = heapq.heappop(queue)
        cost = choice.cost(piece)
        if -rating(piece, cost) > rated:  # it costs more by now
            heapq.heappush(queue, (-rating(piece, cost), piece))
            continue
        share = piece.part, bool(piece.operands)
        if cost <= latency and piece.elements <= shares[share]:
            latency -= cost
            shares[share] -= piece.elements
            gained += piece.gain
            choice.take(piece)
    return gained, choice
