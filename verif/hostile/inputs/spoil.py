"""Bytes with a few things wrong."""

from collections.abc import Callable, Sequence
from random import Random

__all__ = ["spoil", "spoiled"]

_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, (1 << 64) - 1)
"""What lies in headers: counts at their ends."""

_FILLS = (b"\0", b"\xff", b"\x7f\xc0\0\0"[::-1], b"\x7f\x80\0\0"[::-1], b"\x7e\x00"[::-1], b"\xed\xa0\x80")
"""Zeros, ones, NaN and infinity of binary32, NaN of binary16, and what is no UTF-8."""


def spoil(random: Random, valid: Sequence[bytes]) -> bytes:
    """One of the valid inputs, with one to four changes."""
    data = bytearray(random.choice(valid))
    for _ in range(random.choice((1, 1, 1, 2, 3, 4))):
        random.choice(_CHANGES)(random, data, valid)
    return bytes(data)


def spoiled(random: Random, data: bytes) -> bytes:
    """``data`` with changes."""
    return spoil(random, (data,))


def _flip(random: Random, data: bytearray, valid: Sequence[bytes]) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _number(random: Random, data: bytearray, valid: Sequence[bytes]) -> None:
    """A number at its end, of 1, 2, 4 or 8 bytes; mostly near the start, where headers are."""
    width = random.choice((1, 2, 4, 8))
    value = random.choice(_NUMBERS) & ((1 << 8 * width) - 1)
    start = (
        random.randrange(min(len(data), 64) + 1) if random.random() < 0.7 else random.randrange(len(data) + 1)
    )
    data[start : start + width] = value.to_bytes(width, random.choice(("little", "big")))


def _truncate(random: Random, data: bytearray, valid: Sequence[bytes]) -> None:
    del data[random.randrange(len(data) + 1) :]


def _extend(random: Random, data: bytearray, valid: Sequence[bytes]) -> None:
    data += random.choice(_FILLS) * random.choice((1, 7, 300))


def _insert(random: Random, data: bytearray, valid: Sequence[bytes]) -> None:
    start = random.randrange(len(data) + 1)
    data[start:start] = random.randbytes(random.choice((1, 2, 4, 9)))


def _delete(random: Random, data: bytearray, valid: Sequence[bytes]) -> None:
    start = random.randrange(len(data) + 1)
    del data[start : start + random.choice((1, 2, 4, 9))]


def _fill(random: Random, data: bytearray, valid: Sequence[bytes]) -> None:
    start = random.randrange(len(data) + 1)
    length = min(len(data) - start, random.choice((4, 64, 4096)))
    pattern = random.choice(_FILLS)
    data[start : start + length] = (pattern * (length // len(pattern) + 1))[:length]


def _splice(random: Random, data: bytearray, valid: Sequence[bytes]) -> None:
    """The end of another valid input behind the start of this one."""
    other = random.choice(valid)
    data[random.randrange(len(data) + 1) :] = other[random.randrange(len(other) + 1) :]


def _empty(random: Random, data: bytearray, valid: Sequence[bytes]) -> None:
    if random.random() < 0.1:
        data.clear()


_CHANGES: tuple[Callable[[Random, bytearray, Sequence[bytes]], None], ...] = (
    _flip, _flip, _number, _number, _truncate, _extend, _insert, _delete, _fill, _splice, _empty,
)  # fmt: skip
