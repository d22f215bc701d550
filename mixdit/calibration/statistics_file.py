"""Statistics in safetensors files, so that a long calibration can go on where it stopped."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from mixdit.calibration.statistics import AttentionStatistics, LinearStatistics, Statistics
from mixdit.json_values import expect, number, parse, reason, shown, whole
from mixdit.save_tensors import opened_tensors, save_tensors

__all__ = ["load_statistics", "save_statistics"]

VERSION = 2
_TOTALS = ("passes", "probed", "power")
_KINDS = {"linears": LinearStatistics, "attentions": AttentionStatistics}


def save_statistics(statistics: Statistics, path: Path, notes: dict[str, Any]) -> None:
    """Write statistics, and ``notes`` (anything that JSON holds); a file that is there is replaced whole."""
    tensors = {}
    numbers: dict[str, Any] = {"version": VERSION, "notes": notes, "left_out": statistics.left_out}
    numbers |= {name: getattr(statistics, name) for name in _TOTALS}
    for kind in _KINDS:
        for layer, entry in getattr(statistics, kind).items():
            values = {field.name: getattr(entry, field.name) for field in fields(entry)}
            numbers[f"{kind}/{layer}"] = {n: v for n, v in values.items() if isinstance(v, int)}
            for name, value in values.items():
                if isinstance(value, torch.Tensor):
                    tensors[f"{kind}/{layer}/{name}"] = value
    save_tensors(tensors, path, {"mixdit": json.dumps(numbers)})


def load_statistics(path: Path) -> tuple[Statistics, dict[str, Any]]:
    """Statistics and notes of a file.

    Raises
    ------
    OSError
        No such file.
    ValueError
        Another kind of file.
    """
    try:
        with opened_tensors(path) as file:
            numbers = expect(parse((file.metadata() or {})["mixdit"]), dict, "it")
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        version = numbers.pop("version", 1)
        if version != VERSION:
            raise ValueError(f"its version must be {VERSION}, not {shown(version)}")
        statistics = Statistics(
            passes=whole(numbers.pop("passes"), "passes"),
            probed=whole(numbers.pop("probed"), "probed"),
            power=number(numbers.pop("power"), "power"),
            left_out=expect(numbers.pop("left_out", {}), dict, "left_out"),
        )
        notes: dict[str, Any] = expect(numbers.pop("notes"), dict, "notes")
        for name, counts in numbers.items():
            kind, _, layer = name.partition("/")
            getattr(statistics, kind)[layer] = _entry(_KINDS[kind], name, counts, found)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is not a file of statistics: {reason(error)}") from error
    return statistics, notes


def _entry(kind: type[Any], name: str, counts: Any, found: Mapping[str, torch.Tensor]) -> Any:
    """Statistics of a layer; ValueError unless its tensors are like those of a new one."""
    members = {f.name: found.get(f"{name}/{f.name}") for f in fields(kind)}
    given = {key: whole(value, f"{name}/{key}") for key, value in expect(counts, dict, name).items()}
    if unknown := given.keys() - {f.name for f in fields(kind) if f.type in ("int", int)}:
        raise ValueError(f"{name} has no number {shown(min(unknown))}")
    absmax = members["absmax"]
    if absmax is None or absmax.ndim < 2:
        raise ValueError(f"{name} must have a tensor absmax")
    usual = kind.empty(absmax.shape[-1])
    for key, tensor in members.items():
        wanted = getattr(usual, key)
        if isinstance(wanted, torch.Tensor) and (
            tensor is None or (tensor.shape, tensor.dtype) != (wanted.shape, wanted.dtype)
        ):
            raise ValueError(f"{name}/{key} must be {wanted.dtype} of shape {tuple(wanted.shape)}")
        if wanted is None and tensor is not None and tensor.shape[-1:] != absmax.shape[-1:]:
            raise ValueError(f"{name}/{key} must end with an axis of {absmax.shape[-1]}")
    return kind(**members | given)
