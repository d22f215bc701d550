"""What reads hostile inputs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from verif.hostile.inputs.room import Room

__all__ = ["Target"]

Read = Callable[[bytes, Room], object]
Draw = Callable[[Random, Sequence[bytes]], bytes]


def nothing() -> tuple[bytes, ...]:
    """No valid inputs: for targets whose inputs are not made from such."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Target:
    """A reader, and how its hostile inputs are made.

    Parameters
    ----------
    name:
        In a table, and in names of files.
    share:
        Of all inputs, among the shares of all targets: the more, the cheaper the reader.
    read:
        Takes an input; returns, or refuses it.
    draw:
        Makes an input from chance and valid ones. Nothing else may count: the same seed gives the same.
    valid:
        Makes the valid inputs.
    refusals:
        Exact types of the documented errors; any ``OSError`` counts as one if ``OSError`` is among them.
    names_file:
        Whether a refusal must name the file.
    seconds:
        After so many an input counts as one that hangs the reader.
    """

    name: str
    share: float
    read: Read
    draw: Draw
    valid: Callable[[], Sequence[bytes]] = nothing
    refusals: tuple[type[Exception], ...] = (ValueError, TypeError)
    names_file: bool = False
    seconds: float = 20.0
