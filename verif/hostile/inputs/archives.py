"""Archives of NumPy arrays (``.npz``): spoiled outside, and inside with sums that are right."""

import io
import zipfile
from collections.abc import Sequence
from random import Random

import numpy as np

from verif.hostile.inputs.spoil import spoil, spoiled

__all__ = ["archive"]

_ARRAYS = (
    np.zeros((0, 4), np.float32), np.float64(1.5), np.array(["text"]), np.full((2, 16), np.nan), np.arange(3),
    np.zeros((1, 16), ">f4"), np.zeros(2, [("a", "i4")]), np.zeros((1, 16), complex), np.array([True]),
)  # fmt: skip

_HEADERS = (
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 16), }",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 16), }",
    b"{'descr': '|O', 'fortran_order': False, 'shape': (1, 16), }",
    b"{'descr': '<f4', 'fortran_order': 3, 'shape': 5, }",
    b"{'descr': '<f4'",
    b"{'descr': 'nothing', 'fortran_order': False, 'shape': (1, 16), }",
    b"(" * 300,
    b"[1, 2]",
    b"\xff\xfe",
)


def archive(random: Random, valid: Sequence[bytes]) -> bytes:
    """One of the valid archives, changed."""
    if random.random() < 0.4:
        return spoil(random, valid)
    with zipfile.ZipFile(io.BytesIO(random.choice(valid))) as file:
        members = {name: file.read(name) for name in file.namelist()}
    name = random.choice(list(members))
    match random.choice(("missing", "renamed", "bytes", "header", "array", "another's")):
        case "missing":
            del members[name]
        case "renamed":
            members[random.choice(("unknown.npy", "../x.npy", name.removesuffix(".npy")))] = members.pop(name)
        case "bytes":
            members[name] = spoiled(random, members[name])
        case "header":
            members[name] = _with_header(random.choice(_HEADERS))
        case "array":
            made = io.BytesIO()
            np.save(made, random.choice(_ARRAYS))
            members[name] = made.getvalue()
        case "another's":
            members[name] = members[random.choice(list(members))][:-4]
    return _zip(members, random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))


def _with_header(header: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(64)


def _zip(members: dict[str, bytes], compression: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name), data, compression)
    return made.getvalue()
