"""Readers with a fault, which the campaign must find; only inputs that begin with a byte below 64 show it."""

import os
import time
from collections.abc import Sequence
from random import Random

import numpy as np

from verif.hostile.inputs.room import Room
from verif.hostile.targets.target import Read, Target

__all__ = ["PLANTED", "planted", "slow_to_begin"]


def _draw(random: Random, valid: Sequence[bytes]) -> bytes:
    return random.randbytes(random.randint(1, 9))


def _shows(data: bytes) -> bool:
    if data[0] >= 128:
        raise ValueError("input must begin with a byte below 128")
    return data[0] < 64


def _raises(data: bytes, room: Room) -> None:
    if _shows(data):
        raise KeyError("weight")


def _hangs(data: bytes, room: Room) -> None:
    while _shows(data):
        time.sleep(0.01)


def _allocates(data: bytes, room: Room) -> None:
    if _shows(data):
        np.ones(100 << 30, np.uint8)


def _leaves(data: bytes, room: Room) -> None:
    if _shows(data):
        (room.output / "half.bin").write_bytes(data)
        raise ValueError("the disk is full")


def _ends(data: bytes, room: Room) -> None:
    if _shows(data):
        os._exit(3)


def _mumbles(data: bytes, room: Room) -> None:
    if _shows(data):
        raise ValueError(" ")


def _wraps(data: bytes, room: Room) -> None:
    if _shows(data):
        b"\xff".decode()


PLANTED: dict[str, Read] = {
    "error": _raises,
    "hang": _hangs,
    "memory": _allocates,
    "output": _leaves,
    "end": _ends,
    "message": _mumbles,
    "error, though a ValueError": _wraps,
}
"""Readers by the kind of what is to be found."""


def planted(kind: str) -> Target:
    """One of them as a target."""
    seconds = 3 if kind == "hang" else 20  # a busy machine takes its time for the others
    return Target(
        name="planted", share=1, read=PLANTED[kind], draw=_draw, refusals=(ValueError,), seconds=seconds
    )


def slow_to_begin() -> tuple[bytes, ...]:
    """Valid inputs that keep a process from beginning for two seconds."""
    return (_SlowToCopy(b"x"),)


class _SlowToCopy(bytes):
    def __reduce__(self) -> tuple[object, tuple[bytes]]:
        return _slowly, (bytes(self),)


def _slowly(data: bytes) -> bytes:
    time.sleep(2)
    return data
