"""Pictures and labels in IDX files, as they are and packed."""

import gzip
from collections.abc import Sequence
from random import Random

import numpy as np

from mixdit.digits.idx_files import read_idx
from verif.hostile.inputs.room import Room
from verif.hostile.inputs.spoil import spoil, spoiled
from verif.hostile.targets.target import Target

__all__ = ["IDX"]

_PACKED = b"\x1f\x8b"


def _valid() -> list[bytes]:
    pictures = np.arange(3 * 4 * 4, dtype=np.uint8).tobytes()
    return [
        bytes((0, 0, 8, 3)) + np.array((3, 4, 4), ">u4").tobytes() + pictures,
        bytes((0, 0, 8, 1)) + np.array((48,), ">u4").tobytes() + pictures,
    ]


def _draw(random: Random, valid: Sequence[bytes]) -> bytes:
    data = spoil(random, valid)
    if random.random() < 0.6:
        return data
    data = gzip.compress(data, 1, mtime=0)
    return spoiled(random, data) if random.random() < 0.7 else data


def _read(data: bytes, room: Room) -> None:
    plain, packed = (room.files / name for name in ("images", "images.gz"))
    for path in (plain, packed):
        path.unlink(missing_ok=True)
    (packed if data.startswith(_PACKED) else plain).write_bytes(data)
    read_idx(plain, 1 if data[3:4] == b"\x01" else 3)


IDX = Target(
    name="idx", share=180, read=_read, draw=_draw, valid=_valid, refusals=(ValueError,), names_file=True
)
