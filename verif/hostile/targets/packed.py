"""Packed weights."""

from functools import cache

import torch
from torch import nn

from golden import MX4, MX9
from mixdit.layers.packed import load_packed, restore, save_packed
from mixdit.plan.plan import LinearPlan, Plan
from mixdit.plan.timestep_plan import TimestepPlan
from verif.hostile.inputs.room import Room
from verif.hostile.inputs.tensors import tensors
from verif.hostile.inputs.written import written
from verif.hostile.targets.target import Target

__all__ = ["PACKED"]


def _model() -> nn.Module:
    return nn.Sequential(nn.Linear(20, 3), nn.Linear(3, 16, bias=False))


@cache
def _valid() -> list[bytes]:
    """With one plan, and with one by timestep."""
    model = _model()
    for n, parameter in enumerate(model.parameters()):
        parameter.data = torch.linspace(-1, n + 1, parameter.numel()).reshape(parameter.shape)
    first = LinearPlan(in_features=20, weight=MX9, high_blocks=1, permutation=tuple(range(20))[::-1])
    plan = Plan(linears={"0": first, "1": LinearPlan(in_features=3, weight=MX4)})
    plans = (plan, TimestepPlan((500.0,), (plan, plan)))
    return [written(lambda path, each=each: save_packed(model, each, path)) for each in plans]


def _read(data: bytes, room: Room) -> None:
    packed = load_packed(room.file(data))
    restore(_model(), packed)


PACKED = Target(name="packed", share=6, read=_read, draw=tensors, valid=_valid, refusals=(ValueError,))
"""Read, and written into a model."""
