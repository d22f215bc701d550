"""Several files as one input: each behind its length of 4 bytes."""

from collections.abc import Sequence

__all__ = ["join", "split"]


def join(parts: Sequence[bytes]) -> bytes:
    """The parts as one."""
    return b"".join(len(part).to_bytes(4, "little") + part for part in parts)


def split(data: bytes) -> list[bytes]:
    """The inverse of `join`."""
    parts = []
    while data:
        end = 4 + int.from_bytes(data[:4], "little")
        parts.append(data[4:end])
        data = data[end:]
    return parts
