"""Weights on disk, read and written without PyTorch: safetensors in half precision."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.files import replacing

__all__ = ["Weights", "read_weights", "write_weights"]

Weights = dict[str, NDArray[np.float64]]
"""Tensors by name."""


def read_weights(path: Path) -> tuple[Weights, dict[str, Any]]:
    """Every tensor by name, widened to float64, and what the header says of their making."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    metadata = json.loads(header.pop("__metadata__")["mixdit"])
    weights = {}
    for name, entry in header.items():
        first, end = entry["data_offsets"]
        values = np.frombuffer(data[start + first : start + end], "<f2")
        weights[name] = values.reshape(entry["shape"]).astype(np.float64)
    return weights, metadata


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
