"""Statistics in safetensors files, so that a long calibration can go on where it stopped."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from mixdit.calibration.statistics import AttentionStatistics, LinearStatistics, Statistics
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
            numbers = json.loads((file.metadata() or {})["mixdit"])
            version = numbers.pop("version", 1)
            if version != VERSION:
                raise ValueError(f"its version must be {VERSION}, not {version!r}")
            statistics = Statistics(**{name: numbers.pop(name) for name in _TOTALS})
            notes: dict[str, Any] = numbers.pop("notes")
            statistics.left_out = numbers.pop("left_out", {})
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        for name, counts in numbers.items():
            kind, _, layer = name.partition("/")
            members = {f.name: found.get(f"{name}/{f.name}") for f in fields(_KINDS[kind])}
            getattr(statistics, kind)[layer] = _KINDS[kind](**members | counts)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is not a file of statistics: {error}") from error
    return statistics, notes
