"""Linear layers in a safetensors file, so that a long calibration can go on where it stopped."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from mixdit.save_tensors import opened_tensors, save_tensors

__all__ = ["load_layers", "save_layers"]

_KEY = "mixdit"


def save_layers(layers: Mapping[str, nn.Linear], path: Path, notes: Any) -> None:
    """Write layers by the path of each, and ``notes`` (anything that JSON holds), whole or not at all."""
    tensors = {
        f"{name}.{part}": tensor.detach()
        for name, layer in layers.items()
        for part, tensor in layer.named_parameters()
    }
    save_tensors(tensors, path, {_KEY: json.dumps(notes)})


def load_layers(
    path: Path | str, notes: Any = None, device: torch.device | str = "cpu"
) -> dict[str, nn.Linear]:
    """Layers by path: none if there is no such file, or one with other notes; None stands for any notes.

    Raises ``ValueError`` for another kind of file.
    """
    if not Path(path).exists():
        return {}
    try:
        with opened_tensors(path, str(device)) as file:
            found = json.loads((file.metadata() or {})[_KEY])
            if notes is not None and found != json.loads(json.dumps(notes)):
                return {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is not a file of linear layers: {error}") from error
    ends = ".weight"
    return {
        name.removesuffix(ends): _linear(weight, tensors.get(f"{name.removesuffix(ends)}.bias"))
        for name, weight in tensors.items()
        if name.endswith(ends)
    }


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    rows, channels = weight.shape
    layer = nn.Linear(channels, rows, bias=bias is not None, device="meta")
    layer.weight = nn.Parameter(weight, requires_grad=False)
    if bias is not None:
        layer.bias = nn.Parameter(bias, requires_grad=False)
    return layer.eval()
