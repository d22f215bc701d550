"""Quantized weights as the hardware reads them, in a safetensors file together with their plan.

Tensor ``PATH.weight`` is uint8 ``[out_features, bytes]``: each row its k-blocks back to back, as
`golden.pack` makes them, channels in the plan's order. ``PATH.bias`` is float32. Of a plan by timestep, the
weights of plan i are ``plans.i.PATH.weight``. Balanced layers that the plan leaves in floating point are
``balanced.PATH.weight`` and ``balanced.PATH.bias``, in the model's type. The metadata entry ``mixdit`` is the
plan, as in its own file.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

import golden
from mixdit.json_values import parse, reason
from mixdit.layers.balanced import balanced_layers, check_balanced, digest_of, note_balanced
from mixdit.layers.linear import check_weights, weight_codes
from mixdit.plan.plan import Plan
from mixdit.plan.plan_file import plan_from_json, plan_to_json
from mixdit.plan.timestep_plan import TimestepPlan
from mixdit.save_tensors import opened_tensors, save_tensors
from mixdit.tensors.block_tensor import BlockTensor, expand_formats
from mixdit.tensors.quantize import dequantize

__all__ = ["PackedWeights", "load_packed", "pack_rows", "restore", "save_packed", "unpack_rows"]

_KEY = "mixdit"

_BALANCED = "balanced."
"""Before the names of layers in floating point."""


def pack_rows(t: BlockTensor) -> Tensor:
    """Rows of k-blocks as bytes: uint8 ``[..., bytes]``, on the CPU."""
    parts = [golden.pack(part) for part in t.to_golden().parts]
    return torch.from_numpy(np.concatenate(parts, axis=-1))


def unpack_rows(data: Tensor, formats: tuple[golden.Format, ...], k: int) -> BlockTensor:
    """The inverse of `pack_rows`.

    Raises
    ------
    ValueError
        Rows of another length.
    """
    parts = []
    start = first = 0
    runs = [(fmt, len(tuple(run))) for fmt, run in groupby(formats)]
    length = sum(count * fmt.block_bytes for fmt, count in runs)
    if data.shape[-1] != length:
        raise ValueError(f"rows of k={k} in these formats take {length} bytes, not {data.shape[-1]}")
    for fmt, count in runs:
        stop = start + count * fmt.block_bytes
        elements = min(k - first, count * fmt.block_size)
        parts.append(golden.unpack(data[..., start:stop].numpy(), fmt, elements))
        start, first = stop, first + elements
    return BlockTensor.from_golden(parts[0] if len(parts) == 1 else golden.concat(parts))


@dataclass(frozen=True, eq=False)
class PackedWeights:
    """What a file of packed weights holds.

    Attributes
    ----------
    plan:
        The plan that the weights follow.
    tensors:
        Every tensor of the file, by name.
    """

    plan: Plan | TimestepPlan
    tensors: Mapping[str, Tensor]

    def codes(self, path: str, index: int = 0) -> BlockTensor:
        """Weights ``[out_features, in_features]`` of a linear layer, channels as plan ``index`` has them.

        Raises ``ValueError`` where the file has none for the plan.
        """
        plans = _plans(self.plan)
        layer = plans[index].linears[path]
        name = _name(plans, index, path)
        data = self.tensors.get(name)
        if data is None or data.dtype != torch.uint8 or data.ndim != 2:
            raise ValueError(f"the packed weights must have rows of bytes called {name!r}")
        return unpack_rows(data, expand_formats(layer.weight, layer.in_features), layer.in_features)


def _plans(plan: Plan | TimestepPlan) -> tuple[Plan, ...]:
    return plan.plans if isinstance(plan, TimestepPlan) else (plan,)


def _name(plans: tuple[Plan, ...], index: int, path: str) -> str:
    return f"plans.{index}.{path}.weight" if len(plans) > 1 else f"{path}.weight"


def _packed(model: nn.Module, plan: Plan | TimestepPlan) -> Iterator[tuple[str, Tensor]]:
    plans = _plans(plan)
    for i, each in enumerate(plans):
        for path, layer in each.linears.items():
            linear = model.get_submodule(path)
            if not isinstance(linear, nn.Linear) or linear.in_features != layer.in_features:
                raise ValueError(f"{path!r} must be a linear layer of {layer.in_features} channels")
            try:
                check_weights(linear)
            except ValueError as error:
                raise ValueError(f"{path}: {error}") from error
            yield _name(plans, i, path), pack_rows(weight_codes(linear, layer))
            if i == 0 and linear.bias is not None:
                yield f"{path}.bias", linear.bias.detach().float().cpu().clone()
    for path in _balanced_floats(plan):
        for name, parameter in model.get_submodule(path).named_parameters():
            yield f"{_BALANCED}{path}.{name}", parameter.detach().cpu().clone()


def _balanced_floats(plan: Plan | TimestepPlan) -> list[str]:
    """Paths of the balanced layers that stay in floating point."""
    planned = _plans(plan)[0].linears
    return [path for path in plan.balanced if path not in planned]


def save_packed(model: nn.Module, plan: Plan | TimestepPlan, path: Path | str) -> None:
    """Quantize and pack the weights of every linear layer that a plan names.

    Balanced layers that it does not name are written as they are.

    Parameters
    ----------
    model:
        In floating point.
    plan:
        For this model.
    path:
        The safetensors file to write.

    Raises
    ------
    ValueError
        A plan for another model, or for one whose channels are balanced otherwise, or weights that are not
        finite.
    """
    check_balanced(model, plan)
    if balanced_layers(model) and not plan.balanced:
        raise ValueError(
            "the model has balanced channels, which the plan does not say: plan_of_balanced() adds that"
        )
    save_tensors(dict(_packed(model, plan)), path, {_KEY: json.dumps(plan_to_json(plan))})


def load_packed(path: Path | str) -> PackedWeights:
    """Read packed weights.

    Raises
    ------
    OSError
        No such file.
    ValueError
        Another kind of file; the message names it.
    """
    try:
        with opened_tensors(path) as file:
            metadata = file.metadata() or {}
            if _KEY not in metadata:
                raise ValueError("it holds no plan")
            plan = plan_from_json(parse(metadata[_KEY]))
            return PackedWeights(plan, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (SafetensorError, ValueError) as error:
        raise ValueError(f"{path} is not a file of packed weights: {reason(error)}") from error


@torch.no_grad()
def restore(model: nn.Module, packed: PackedWeights) -> None:
    """Write the decoded weights into the linear layers of ``model``, and balanced layers as they are.

    Quantizing them again gives the same codes, so `quantize_model` makes from the result what it makes from
    the original. Of a plan by timestep, the weights of the first plan are restored.

    Raises
    ------
    ValueError
        A balanced layer that is not in the file as it was written, a model with channels that are
        balanced, but not as in the file, or weights that are not those of the plan's layers or the model's.
    """
    if balanced_layers(model) not in ({}, packed.plan.balanced):
        raise ValueError("the model has balanced channels that are not those of the weights: load it anew")
    floats = {path: _float_layer(packed, path) for path in _balanced_floats(packed.plan)}
    for path, layer in _plans(packed.plan)[0].linears.items():
        weight = dequantize(packed.codes(path))
        if layer.permutation is not None:
            weight = weight[:, torch.tensor(layer.permutation).argsort()]
        _write(model, path, weight, packed.tensors.get(f"{path}.bias"))
    for path, (weight, bias) in floats.items():
        _write(model, path, weight, bias)
    note_balanced(model, packed.plan.balanced)


def _float_layer(packed: PackedWeights, path: str) -> tuple[Tensor, Tensor | None]:
    """Weight and bias of a balanced layer in floating point."""
    weight, bias = (packed.tensors.get(f"{_BALANCED}{path}.{name}") for name in ("weight", "bias"))
    if weight is None or digest_of(weight, bias) != packed.plan.balanced[path]:
        raise ValueError(
            f"the plan is of a model with balanced channels, and its {path} is not with the weights"
        )
    return weight, bias


def _write(model: nn.Module, path: str, weight: Tensor, bias: Tensor | None) -> None:
    """Into a linear layer, which gets a bias if it has none: balancing gives one to values."""
    try:
        linear: Any = model.get_submodule(path)
    except AttributeError:
        linear = None
    if not isinstance(linear, nn.Linear) or linear.weight.shape != weight.shape:
        raise ValueError(f"{path!r} must be a linear layer of {tuple(weight.shape)}, as its weights are")
    if bias is not None and (bias.shape != weight.shape[:1] or not bias.is_floating_point()):
        raise ValueError(f"the bias of {path!r} must be {len(weight)} floats")
    linear.weight.copy_(weight)
    if bias is not None:
        if linear.bias is None:
            linear.bias = nn.Parameter(torch.zeros_like(linear.weight[:, 0]), linear.weight.requires_grad)
        linear.bias.copy_(bias)
