"""The usual number of lanes of functions."""

__all__ = ["LANES", "usual_function_lanes"]

LANES = (1, 2, 4, 8, 16)
"""Results per cycle and array that may go through 2**x."""

_PASSES = 4
"""Passes of a tile of scores in MX6, heads of 64: no tile of a transformer that takes 2**x has fewer."""


def usual_function_lanes(*, rows: int, cols: int) -> int:
    """Lanes where none are asked for: the fewest with which the array never waits for 2**x.

    A tile of ``rows * cols`` results comes every 4 passes, where K is 64 and both operands are MX6. For what
    is no size it is the most: whoever takes the sizes refuses that.
    """
    sizes = isinstance(rows, int) and isinstance(cols, int)
    return next((n for n in LANES if sizes and n * _PASSES >= rows * cols), LANES[-1])
