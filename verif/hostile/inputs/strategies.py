"""Readers of what hypothesis draws: bytes stand for its choices."""

from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verif.hostile.inputs.room import Room

__all__ = ["HOSTILE_INTS", "choices", "drawn"]

_CHOICES = 2048
"""Bytes: more than any drawing takes."""

HOSTILE_INTS = st.sampled_from(
    (-(1 << 63), -(1 << 31), -17, -1, 0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 48, 255, 256, 4095, 1 << 16, 1 << 20,
     (1 << 31) - 1, 1 << 32, 1 << 40, (1 << 63) - 1, 1 << 64, 10**30)
)  # fmt: skip
"""Sizes, counts and addresses: what one would give, and ends of their ranges."""


def choices(random: Random, valid: object) -> bytes:
    """An input for `drawn`."""
    return random.randbytes(_CHOICES)


def drawn(
    call: Callable[[Any, Room], object],
) -> Callable[[bytes, Room], object]:
    """A reader that gives ``call`` what hypothesis draws from an input.

    Bytes that are too few for a drawing are accepted.
    """
    rooms: list[Room] = []

    @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def example(data: Any) -> None:
        call(data, rooms[-1])

    send = example.hypothesis.fuzz_one_input

    def read(data: bytes, room: Room) -> None:
        rooms[:] = [room]
        send(data)

    return read
