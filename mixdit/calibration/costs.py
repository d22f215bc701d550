"""What products cost, by the names that commands take."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mixdit.plan.array_passes import Price

__all__ = ["COSTS", "PASSES", "find_price", "unit_of"]

COSTS = "mixdit.costs"
"""Entry points: functions that give a `Price` for changed parameters of an engine, by name."""

PASSES = "passes"
"""The cost that needs no engine."""


def find_price(name: str, changes: Mapping[str, int]) -> "Price":
    """The price of a name, on an engine with these parameters.

    Raises
    ------
    ValueError
        Another name, parameters that the engine cannot have, or some for passes.
    """
    there = entry_points(group=COSTS)
    if name == PASSES:
        if changes:
            raise ValueError(f"passes are the same on every engine: leave {', '.join(changes)} out")
        from mixdit.plan.array_passes import array_passes

        return array_passes
    if name not in there.names:
        known = ", ".join([PASSES, *sorted(there.names)])
        raise ValueError(f"cost must be one of {known}, not {name!r}")
    price: Price = there[name].load()(changes)
    return price


def unit_of(name: str) -> str:
    """What tables call it."""
    return "passes of the array" if name == PASSES else f"{name} of the engine"
