"""Files of safetensors: headers that lie, and files in order whose content is not what it should be."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

from verif.hostile.inputs.documents import changed, text_of
from verif.hostile.inputs.spoil import spoil, spoiled

__all__ = ["tensors"]

_METADATA = "__metadata__"

_BYTES = {"F16": 2, "F32": 4, "F64": 8, "BF16": 2, "U8": 1, "I8": 1, "I32": 4, "I64": 8, "BOOL": 1}

_FILLS = (b"\0", b"\xff", b"\x00\x00\xc0\x7f", b"\x00\x00\x80\x7f", b"\x00\x7e", b"\x7f")
"""Zeros; NaN of every float; NaN and infinity of binary32; NaN of binary16; large numbers."""


def tensors(random: Random, valid: Sequence[bytes]) -> bytes:
    """One of the valid files, with something wrong in its bytes, its notes, its header, or its tensors."""
    way = random.random()
    if way < 0.25:
        return spoil(random, valid)
    header, body = _opened(random.choice(valid))
    if way < 0.6:
        key, text = next((key, text) for key, text in header[_METADATA].items() if text.startswith("{"))
        notes = text_of(random, changed(random, json.loads(text)))
        header[_METADATA][key] = notes if random.random() < 0.95 else _text(spoiled(random, text.encode()))
    elif way < 0.8:
        header = changed(random, header)
    else:
        header, body = _other_tensors(random, header, body)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + body


def _opened(data: bytes) -> tuple[Any, bytes]:
    start = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:start]), data[start:]


def _text(data: bytes) -> str:
    return data.decode("latin-1")


def _other_tensors(random: Random, header: Any, body: bytes) -> tuple[Any, bytes]:
    """The header of a file in order: tensors are missing, swapped, or of other values, shape or type."""
    found = {
        name: [entry["dtype"], entry["shape"], body[slice(*entry["data_offsets"])]]
        for name, entry in header.items()
        if name != _METADATA
    }
    for _ in range(random.choice((1, 1, 2))):
        if found:
            name = random.choice(list(found))
            _change(random, found, name)
    result: dict[str, Any] = {_METADATA: header[_METADATA]} if random.random() < 0.95 else {}
    parts, end = [], 0
    for name, (dtype, shape, data) in found.items():
        result[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end := end + len(data)]}
        parts.append(data)
    return result, b"".join(parts)


def _change(random: Random, found: dict[str, Any], name: str) -> None:
    dtype, shape, data = found[name]
    match random.choice(("missing", "renamed", "another's", "filled", "shape", "type", "row")):
        case "missing":
            del found[name]
        case "renamed":
            found[random.choice((name + "x", name[:-1], "", "balanced.x.weight", "é"))] = found.pop(name)
        case "another's":
            found[name] = list(found[random.choice(list(found))])
        case "filled":
            fill = random.choice(_FILLS)
            found[name][2] = (fill * (len(data) // len(fill) + 1))[: len(data)]
        case "shape":
            count = len(data) // _BYTES[dtype]
            found[name][1] = random.choice(([count], [count, 1], [1, *shape], shape[::-1], [1, 1, count, 1]))
        case "type":
            other = random.choice(list(_BYTES))
            found[name] = [
                other,
                [len(data) // _BYTES[other]],
                data[: len(data) // _BYTES[other] * _BYTES[other]],
            ]
        case "row":
            rows = random.choice((0, 1, 2))
            inner = shape[1:] if shape else []
            size = _BYTES[dtype] * rows
            for length in inner:
                size *= length
            found[name] = [dtype, [rows, *inner], (data + bytes(size))[:size]]
