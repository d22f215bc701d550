"""What may be in the high format by itself."""

from dataclasses import dataclass

__all__ = ["Piece"]


@dataclass(frozen=True, order=True)
class Piece:
    """A block of a linear layer's channels, or operands of a head, in a range of timesteps.

    Parameters
    ----------
    part:
        The range of timesteps.
    path:
        The layer.
    operands:
        Those of the head, such as ``"qkpv"`` or ``"p"``; ``""`` for a block of channels.
    number:
        The block, in the order of the layer's candidates, or the head.
    gain:
        Energy of the error that the high format removes, on average over all timesteps.
    elements:
        What it takes of its range's share of linear layers, or of attention.
    """

    part: int
    path: str
    operands: str
    number: int
    gain: float
    elements: float
