"""Arrays in IDX files, the format of MNIST and of pictures that follow it."""

import gzip
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

__all__ = ["read_idx"]

_BYTES = 8
"""The code of unsigned bytes, the one type of pictures and labels."""

_MOST = 1 << 30
"""Bytes that an array may have."""

_PIECE = 1 << 20
"""Bytes that are read at a time: a header that lies asks for no more memory than its file has."""


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The array of ``dimensions`` dimensions in a file, or in the one called the same with ``.gz`` behind.

    Raises
    ------
    ValueError
        Neither file is there, or it holds something else: what, and what it should be.
    """
    packed = path.with_name(path.name + ".gz")
    found = path if path.is_file() else packed
    if not found.is_file():
        raise ValueError(f"{path.parent} has no {path.name}, and no {packed.name}")
    try:
        with gzip.open(found) if found == packed else found.open("rb") as file:
            head = file.read(4 + 4 * dimensions)
            magic = bytes((0, 0, _BYTES, dimensions))
            if len(head) < 4 + 4 * dimensions or head[:4] != magic:
                raise ValueError(f"{found} must begin with {magic.hex()}, not {head[:4].hex() or 'nothing'}")
            shape = tuple(map(int, np.frombuffer(head, ">u4", offset=4)))
            count = int(np.prod(shape, dtype=object))
            if not 0 < count <= _MOST:
                raise ValueError(f"{found} must hold 1 to {_MOST} values, not {count}: its shape is {shape}")
            values = _read(file, count + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{found} cannot be read: {error}") from error
    if len(values) != count:
        more = "more" if len(values) > count else len(values)
        raise ValueError(f"{found} must hold {count} values, as its shape {shape} says, not {more}")
    return np.frombuffer(values, np.uint8).reshape(shape)


def _read(file: IO[bytes], most: int) -> bytes:
    parts = []
    while most > 0 and (part := file.read(min(most, _PIECE))):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)
