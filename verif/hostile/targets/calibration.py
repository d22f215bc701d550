"""What a calibration leaves behind to go on from: statistics, and layers with rounded weights."""

from functools import cache

import torch
from torch import nn

from mixdit.calibration.statistics import AttentionStatistics, LinearStatistics, Statistics
from mixdit.calibration.statistics_file import save_statistics
from mixdit.rounding.layer_file import load_layers, save_layers
from mixdit.search.source import find_statistics
from verif.hostile.inputs.room import Room
from verif.hostile.inputs.tensors import tensors
from verif.hostile.inputs.written import written
from verif.hostile.targets.target import Target

__all__ = ["LAYERS", "STATISTICS"]


@cache
def _statistics() -> list[bytes]:
    found = Statistics()
    found.linears["a"] = LinearStatistics.empty(1, 2)
    found.attentions["b"] = AttentionStatistics.empty(2, 4)
    notes = {"job": {"model": "x", "sensitivity": ["MX6", "MX9"]}, "done": 2}
    return [written(lambda path: save_statistics(found, path, notes))]


def _read_statistics(data: bytes, room: Room) -> None:
    room.file(data, "statistics.safetensors")
    source = find_statistics(str(room.files))
    save_statistics(source.statistics, room.output / "statistics", {"balanced": source.balanced})


STATISTICS = Target(
    name="statistics",
    share=5,
    read=_read_statistics,
    draw=tensors,
    valid=_statistics,
    refusals=(ValueError,),
    names_file=True,
)
"""What ``mixdit search`` reads, written again."""


@cache
def _layers() -> list[bytes]:
    torch.manual_seed(0)
    layers = {"a.qkv": nn.Linear(3, 2), "b": nn.Linear(2, 4, bias=False)}
    return [written(lambda path: save_layers(layers, path, {"digest": "0123"}))]


def _read_layers(data: bytes, room: Room) -> None:
    for layer in load_layers(room.file(data)).values():
        layer(torch.zeros(1, layer.in_features, dtype=layer.weight.dtype))


LAYERS = Target(
    name="layers",
    share=15,
    read=_read_layers,
    draw=tensors,
    valid=_layers,
    refusals=(ValueError,),
    names_file=True,
)
"""Read, and used."""
