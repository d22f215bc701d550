"""Names of an engine's parameters, as commands are given them."""

from collections.abc import Iterable
from dataclasses import fields

from golden.engine import EngineParameters

__all__ = ["check_names"]


def check_names(names: Iterable[str], *others: str) -> None:
    """Raise ValueError for the first of ``names`` that is no parameter of an engine, nor among ``others``."""
    known = (*others, *(field.name for field in fields(EngineParameters)))
    for name in names:
        if name not in known:
            raise ValueError(f"a parameter must be one of {', '.join(known)}, not {name!r}")
