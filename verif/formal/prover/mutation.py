"""Edits of the hardware's source that a claim must notice."""

import inspect
import sys
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from unittest import mock

__all__ = ["Edit", "applied"]


@dataclass(frozen=True)
class Edit:
    """One place of the source of a function or method, changed while it is `applied`.

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
def applied(edits: Iterable[Edit]) -> Iterator[None]:
    """Have changed functions in the place of the true ones.

    Raises ValueError where a source does not have the ``old`` of an edit, or more than once.
    """
    of_function: dict[tuple[object, str], list[Edit]] = defaultdict(list)
    for edit in edits:
        of_function[edit.owner, edit.function].append(edit)
    with ExitStack() as stack:
        for (owner, name), of_one in of_function.items():
            stack.enter_context(mock.patch.object(owner, name, _edited(owner, name, of_one)))
        yield


def _edited(owner: object, name: str, edits: Iterable[Edit]) -> Callable[[object], object]:
    found = inspect.getattr_static(owner, name)
    function = inspect.unwrap(getattr(found, "__func__", found))
    source = textwrap.dedent(inspect.getsource(function))
    for edit in edits:
        if source.count(edit.old) != 1:
            raise ValueError(f"{name} must have {edit.old!r} once, not {source.count(edit.old)} times")
        source = source.replace(edit.old, edit.new)
    source = textwrap.indent(source, "    ")
    # `super()` looks for the class around it.
    text = f"def edited(__class__):\n{source}\n    return {function.__name__}"
    made: dict[str, Callable[[object], Callable[[object], object]]] = {}
    exec(text, sys.modules[function.__module__].__dict__, made)
    return made["edited"](owner)
