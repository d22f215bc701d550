"""The parameters of an engine, as plain values."""

from collections.abc import Mapping
from typing import Any

from gen.designs import DESIGNS
from golden.engine import EngineParameters
from hw.gemm.engine import Engine

__all__ = ["ENGINE_NAMES", "NAMES", "Design", "design_of", "engine_of"]

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
