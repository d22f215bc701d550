"""Linear layers in a safetensors file, so that a long calibration can go on where it stopped."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from mixdit.json_values import parse, reason
from mixdit.save_tensors import opened_tensors, save_tensors

__all__ = ["load_layers", "save_layers"]

_KEY, _WEIGHT = "mixdit", ".weight"


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
            found = parse((file.metadata() or {})[_KEY])
            if notes is not None and found != json.loads(json.dumps(notes)):
                return {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return {
            name.removesuffix(_WEIGHT): _linear(
                name, weight, tensors.get(f"{name.removesuffix(_WEIGHT)}.bias")
            )
            for name, weight in tensors.items()
            if name.endswith(_WEIGHT)
        }
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is not a file of linear layers: {reason(error)}") from error


def _linear(name: str, weight: Tensor, bias: Tensor | None) -> nn.Linear:
    if weight.ndim != 2 or not weight.numel() or not weight.is_floating_point():
        raise ValueError(f"{name} must be a matrix of floats, not {weight.dtype} of {tuple(weight.shape)}")
    if bias is not None and (bias.shape, bias.dtype) != (weight.shape[:1], weight.dtype):
        raise ValueError(f"{name} must have a bias of {len(weight)} values of its type")
    rows, channels = weight.shape
    layer = nn.Linear(channels, rows, bias=bias is not None, device="meta")
    layer.weight = nn.Parameter(weight, requires_grad=False)
    if bias is not None:
        layer.bias = nn.Parameter(bias, requires_grad=False)
    return layer.eval()
