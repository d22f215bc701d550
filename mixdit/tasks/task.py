"""A call that somebody else can make."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Task"]


@dataclass(frozen=True, eq=False)
class Task:
    """A call of a function of a module.

    Parameters
    ----------
    name:
        For people.
    function:
        What to call in another process.
    arguments:
        Gives its arguments, when it is about to run.
    key:
        Says whose result it is.
    """

    name: str
    function: Callable[..., Any]
    arguments: Callable[[], tuple[Any, ...]]
    key: Any
