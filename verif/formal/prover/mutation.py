"""Edits of the hardware's source that a claim must notice."""

import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock

__all__ = ["Edit"]


@dataclass(frozen=True)
class Edit:
    """One place of the source of a function or method, changed while `applied`.

    Parameters
    ----------
    what:
        What the change does, in a few words.
    owner:
        A class, or a module.
    function:
        Its function.
    old, new:
        What the source has in that place, and what it is to have. ``old`` is there once.
    """

    what: str
    owner: object
    function: str
    old: str
    new: str

    def __str__(self) -> str:
        return self.what

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Have the changed function in the place of the true one.

        Raises ValueError where the source does not have ``old``, or more than once.
        """
        found = inspect.getattr_static(self.owner, self.function)
        function = inspect.unwrap(getattr(found, "__func__", found))
        source = textwrap.dedent(inspect.getsource(function))
        if source.count(self.old) != 1:
            raise ValueError(
                f"{self.function} must have {self.old!r} once, not {source.count(self.old)} times"
            )
        source = textwrap.indent(source.replace(self.old, self.new), "    ")
        # `super()` looks for the class around it.
        text = f"def edited(__class__):\n{source}\n    return {function.__name__}"
        made: dict[str, Callable[[object], object]] = {}
        exec(text, sys.modules[function.__module__].__dict__, made)
        with mock.patch.object(self.owner, self.function, made["edited"](self.owner)):
            yield
