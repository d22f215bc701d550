"""Checkpoints of digits transformers, and weights that are read without PyTorch."""

from functools import cache

import numpy as np
import torch

from mixdit.demo.weights import read_weights, write_weights
from mixdit.digits.checkpoint import load_model, save_model
from mixdit.digits.model import DigitsTransformer, ModelShape
from verif.hostile.inputs.room import Room
from verif.hostile.inputs.tensors import tensors
from verif.hostile.inputs.written import written
from verif.hostile.targets.target import Target

__all__ = ["CHECKPOINTS", "WEIGHTS"]


@cache
def _checkpoints() -> list[bytes]:
    """One of a model of few weights."""
    torch.manual_seed(0)
    model = DigitsTransformer(ModelShape(patch=4, width=4, depth=1, heads=1, mlp_ratio=1))
    return [written(lambda path: save_model(path, model, steps=3))]


def _read_checkpoint(data: bytes, room: Room) -> None:
    load_model(room.file(data))


CHECKPOINTS = Target(
    name="checkpoint",
    share=2,
    read=_read_checkpoint,
    draw=tensors,
    valid=_checkpoints,
    refusals=(ValueError,),
    names_file=True,
)
"""Files that commands take as ``--model``."""


@cache
def _weights() -> list[bytes]:
    values = {"a": np.ones((3, 2)), "b": np.arange(4.0)}
    return [written(lambda path: write_weights(path, values, {"steps": 3}))]


def _read_weights(data: bytes, room: Room) -> None:
    read_weights(room.file(data))


WEIGHTS = Target(
    name="weights",
    share=182,
    read=_read_weights,
    draw=tensors,
    valid=_weights,
    refusals=(ValueError,),
    names_file=True,
)
"""Those of `mixdit demo`, read with NumPy alone."""
