"""Weights on disk, read and written without PyTorch: safetensors in half precision."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.files import replacing
from mixdit.json_values import expect, parse, reason, shown, whole

__all__ = ["Weights", "read_weights", "write_weights"]

Weights = dict[str, NDArray[np.float64]]
"""Tensors by name."""


def read_weights(path: Path) -> tuple[Weights, dict[str, Any]]:
    """Every tensor by name, widened to float64, and what the header says of their making.

    Raises
    ------
    OSError
        No such file.
    ValueError
        Another kind of file; the message names it.
    """
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    try:
        header = expect(parse(data[8:start]), dict, "its header")
        notes = expect(header.pop("__metadata__"), dict, "__metadata__")
        metadata = expect(parse(expect(notes["mixdit"], str, "mixdit")), dict, "mixdit")
        return {name: _values(entry, name, data[start:]) for name, entry in header.items()}, metadata
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path} holds no weights in half precision: {reason(error)}") from error


def _values(entry: Any, name: str, data: bytes) -> NDArray[np.float64]:
    found = expect(entry, dict, name)
    if found["dtype"] != "F16":
        raise ValueError(f"{name} must be F16, not {shown(found['dtype'])}")
    first, end = (whole(each, name, 0, len(data)) for each in expect(found["data_offsets"], list, name))
    shape = [whole(length, name, 0, len(data)) for length in expect(found["shape"], list, name)]
    return np.frombuffer(data[first:end], "<f2").reshape(shape).astype(np.float64)


def write_weights(path: Path, weights: Weights, metadata: Mapping[str, Any]) -> None:
    """Round ``weights`` to half precision and write them; ``metadata`` goes to the header as JSON."""
    header: dict[str, Any] = {"__metadata__": {"mixdit": json.dumps(metadata)}}
    tensors = {name: np.ascontiguousarray(values, "<f2") for name, values in weights.items()}
    end = 0
    for name, values in tensors.items():
        offsets = [end, end := end + values.nbytes]
        header[name] = {"dtype": "F16", "shape": list(values.shape), "data_offsets": offsets}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # tensors start at a multiple of 8
    values_only = b"".join(values.tobytes() for values in tensors.values())
    with replacing(path) as new:
        new.write_bytes(len(text).to_bytes(8, "little") + text + values_only)
