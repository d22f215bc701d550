"""Readers of what hypothesis draws: bytes stand for its choices."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verif.hostile.inputs.room import Room

__all__ = ["HOSTILE_INTS", "Drawn", "choices"]

Call = Callable[[Any, Room], object]

_CHOICES = 2048
"""Bytes: more than any drawing takes."""

HOSTILE_INTS = st.sampled_from(
    (-(1 << 63), -(1 << 31), -17, -1, 0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 48, 255, 256, 4095, 1 << 16,
     1 << 20, (1 << 31) - 1, 1 << 32, 1 << 40, (1 << 63) - 1, 1 << 64, 10**30)
)  # fmt: skip
"""Sizes, counts and addresses: what one would give, and ends of their ranges."""


def choices(random: Random, valid: object) -> bytes:
    """An input for `Drawn`."""
    return random.randbytes(_CHOICES)


@dataclass(frozen=True)
class Drawn:
    """A reader that gives ``call`` what hypothesis draws from an input.

    Bytes that are too few for a drawing are accepted. Other processes can take it, if they can take ``call``.
    """

    call: Call

    def __call__(self, data: bytes, room: Room) -> None:
        _sender(self.call)(data, room)


@cache
def _sender(call: Call) -> Callable[[bytes, Room], object]:
    rooms: list[Room] = []

    @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def example(data: Any) -> None:
        call(data, rooms[-1])

    send: Any = example

    def read(data: bytes, room: Room) -> None:
        rooms[:] = [room]
        send.hypothesis.fuzz_one_input(data)

    return read
