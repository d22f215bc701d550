"""Engines drawn from a seed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from golden.engine import EngineParameters
from verif.sweep.space import SPACE, parameters

__all__ = ["MOST_COLUMNS", "Design", "design"]

MOST_COLUMNS = 1024
"""Of rows that a row job permutes: longer ones take too long."""

LEAST_ADDRESS_BITS = 24
"""Rounds of jobs find room in so much memory."""

ENGINES: Mapping[str, Sequence[Any]] = {
    **SPACE["mixdit_gemm"],
    "reorder_columns": (0, *range(16, MOST_COLUMNS + 1)),
    "address_bits": range(LEAST_ADDRESS_BITS, 65),
    "target": ("generic",),
}
"""Legal values of each parameter; other targets have cells that this simulator does not know."""

_MOST_ELEMENTS, _MOST_BLOCKS = 32, 1 << 14
"""Of an engine that is compiled in minutes."""

_PARAMETERS = {field.name for field in fields(EngineParameters)}


@dataclass(frozen=True, kw_only=True)
class Design:
    """An engine.

    Parameters
    ----------
    seed, number:
        Of the sequence of engines, and its number there.
    parameters:
        What software sees of it.
    build:
        What else ``mixdit.sim.EngineHarness`` takes for it.
    """

    seed: int
    number: int
    parameters: EngineParameters
    build: Mapping[str, Any]

    def __str__(self) -> str:
        values = {**vars(self.parameters), **self.build}
        return " ".join(f"{name}={value}" for name, value in values.items())


def design(seed: int, number: int) -> Design:
    """The engine of this number; the same one for the same seed."""
    drawn = parameters(random.Random(f"soak {seed}/{number}"), ENGINES, _MOST_ELEMENTS, _MOST_BLOCKS)
    known = {name: value for name, value in drawn.items() if name in _PARAMETERS}
    build = {name: value for name, value in drawn.items() if name not in _PARAMETERS}
    return Design(seed=seed, number=number, parameters=EngineParameters(**known), build=build)
