"""The norm, or the exponentials, that a reorder job makes of its rows."""

from enum import IntEnum

from golden.functions.norm import LONGEST_ROW

__all__ = ["EPSILON_LIMIT", "LONGEST_ROW", "Norm"]

EPSILON_LIMIT = 0x7F800000
"""Bit patterns from here on are infinite, NaN or negative: no epsilon."""


class Norm(IntEnum):
    """What a whole row must be known for: what is subtracted from it, and what it is divided by."""

    NONE = 0
    LAYER = 1
    """Minus the mean, by the standard deviation."""
    RMS = 2
    """By the root of the mean square."""
    EXPONENTIAL = 3
    """Minus the maximum, and 2 to the power of that: softmax of logits of any size. Nothing modulates it."""
