"""Lists of jobs in memory, on the golden engine."""

from collections.abc import Sequence
from random import Random

import numpy as np

from golden.engine import ENTRY_BYTES, Entry, decode_list, run_list
from verif.golden.engine_descriptors import ENGINE, EXPONENTIAL, NORM, PRODUCT, REORDER
from verif.hostile.inputs.room import Room
from verif.hostile.inputs.spoil import spoil
from verif.hostile.targets.target import Target

__all__ = ["COMMAND_LISTS"]

_SIZE = 1 << 14
_JOBS = 3

_MEMORY = np.random.default_rng(0).integers(0, 256, _SIZE, np.uint8)
"""Before the first job: floats of every kind among them."""


def _valid() -> list[bytes]:
    return [
        Entry(descriptor=job, following=following).encode().tobytes()
        for job in (PRODUCT, REORDER, NORM, EXPONENTIAL)
        for following in (0, ENTRY_BYTES)
    ]


def _draw(random: Random, valid: Sequence[bytes]) -> bytes:
    """Entries, one of them with fields other than they were."""
    entries = [bytearray(random.choice(valid)) for _ in range(random.randint(1, _JOBS))]
    changed = random.choice(entries)
    if random.random() < 0.2:
        changed[:] = spoil(random, (bytes(changed),))
    for _ in range(random.choice((1, 1, 2, 3))):
        word = 4 * random.randrange(ENTRY_BYTES // 4)
        changed[word : word + 4] = _word(random, changed[word : word + 4])
    return b"".join(entries)


def _word(random: Random, word: bytes) -> bytes:
    value = int.from_bytes(word, "little")
    bit = 1 << random.randrange(32)
    found = random.choice(
        (value ^ bit, value ^ bit, bit, value + 1, value - 1, value * 2, random.getrandbits(32))
    )
    return (found & 0xFFFFFFFF).to_bytes(4, "little")


def _read(data: bytes, room: Room) -> None:
    memory = _MEMORY.copy()
    data = data[:_SIZE]
    memory[: len(data)] = np.frombuffer(data, np.uint8)
    before = memory.copy()
    result = run_list(memory, 0, ENGINE, most=2 * _JOBS)
    if result.code:
        assert result.done or np.array_equal(memory, before)
        raise RefusedError(result.code.meaning)
    decode_list(memory, 0)


class RefusedError(Exception):
    """The engine says why it stopped."""


COMMAND_LISTS = Target(
    name="command-list", share=60, read=_read, draw=_draw, valid=_valid, refusals=(RefusedError, IndexError)
)
"""A job that is refused as the first one leaves memory as it was."""
