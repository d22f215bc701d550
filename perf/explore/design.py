"""The parameters of engines, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from gen.designs import DESIGNS
from golden.engine import EngineParameters
from hw.gemm.engine import Engine

__all__ = ["ENGINE_NAMES", "NAMES", "Design", "Refusal", "design_of", "designs_of", "engine_of"]

NAMES = tuple(name for name in DESIGNS["mixdit_gemm"].parameters if name != "product_stages")
"""Parameters that a design may have: the cycle model is of the usual ``product_stages``."""

ENGINE_NAMES = tuple(name for name in NAMES if name != "target")
"""Those that change cycles."""

Design = tuple[tuple[str, Any], ...]
"""Every parameter with its value, in the order of names."""


def design_of(values: Mapping[str, Any]) -> Design:
    """All parameters of an engine, where ``values`` leave the others at their defaults.

    Those whose default follows from others have their values, so that an engine has one design.

    Raises
    ------
    TypeError, ValueError
        There is no such engine.
    """
    engine = Engine(**values)
    found = {name: getattr(engine, name) for name in NAMES}
    found["result_words"] = engine._datapath._result_words
    return tuple(sorted(found.items()))


def engine_of(design: Design) -> tuple[EngineParameters, dict[str, int]]:
    """What software sees of a design, and what else the cycle model is told of it."""
    values = {name: value for name, value in design if name in ENGINE_NAMES}
    others = {name: values.pop(name) for name in ("result_words", "adder_lanes")}
    return EngineParameters(**values), others


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Parameters that no engine has, or a workload that an engine does not run.

    Parameters
    ----------
    values:
        Parameters by their names; ``workload`` and ``mix`` too if it is about these.
    reason:
        Why there is none.
    """

    values: Mapping[str, Any]
    reason: str


def designs_of(axes: Mapping[str, Sequence[Any]]) -> tuple[list[Design], list[Refusal]]:
    """Every engine with one value of each parameter, each once, and what is none.

    Parameters
    ----------
    axes:
        Values by the names of parameters; others keep their defaults.
    """
    designs: dict[Design, None] = {}
    refusals = []
    for values in (dict(zip(axes, each, strict=True)) for each in product(*axes.values())):
        try:
            designs[design_of(values)] = None
        except (TypeError, ValueError) as error:
            refusals.append(Refusal(values=values, reason=str(error)))
    return list(designs), refusals
