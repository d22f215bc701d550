"""Trained weights on disk: safetensors in half precision, the recipe in the header."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from mixdit.digits.model import DigitsTransformer, ModelShape
from mixdit.digits.recipes import RECIPES
from mixdit.json_values import parse, reason
from mixdit.layers.modules import check_finite
from mixdit.save_tensors import opened_tensors, save_tensors

__all__ = ["CHECKPOINTS", "load_model", "load_weights", "save_model", "save_weights"]

CHECKPOINTS = Path(__file__).parent / "checkpoints"
"""Where the weights that come with the project are."""


def save_weights(path: Path, module: nn.Module, metadata: dict[str, object]) -> None:
    """Write weights in half precision, and ``metadata`` as JSON in the header."""
    weights = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in module.state_dict().items()
    }
    save_tensors(weights, path, {"mixdit": json.dumps(metadata)})


def load_weights(path: Path, module: nn.Module) -> None:
    """Read weights into ``module``, widened to float32."""
    weights = load_file(path)
    module.load_state_dict(
        {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}
    )


def save_model(path: Path, model: DigitsTransformer, **metadata: object) -> None:
    """Write a transformer with its shape and how it came about."""
    save_weights(path, model, {"shape": asdict(model.shape), **metadata})


def load_model(name_or_path: str | Path) -> DigitsTransformer:
    """The transformer called ``name`` that comes with the project, or the one in a file, ready to sample.

    Raises
    ------
    ValueError
        Neither a name nor a file, or a file that holds something else.
    """
    path = CHECKPOINTS / f"{name_or_path}.safetensors"
    if not path.is_file():
        path = Path(name_or_path)
    if not path.is_file():
        raise ValueError(
            f"model must be one of {', '.join(RECIPES)} or a checkpoint file, not {str(name_or_path)!r}"
        )
    try:
        with opened_tensors(path) as file:
            metadata = parse((file.metadata() or {})["mixdit"])
            found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
        shape = ModelShape(**metadata["shape"])
        _check_shapes(shape, found)
        model = DigitsTransformer(shape)
        load_weights(path, model)
    except (SafetensorError, KeyError, TypeError, RuntimeError, ValueError) as error:
        raise ValueError(f"{path} holds no digits transformer: {reason(error)}") from error
    try:
        check_finite(model)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return model.eval().requires_grad_(False)


def _check_shapes(shape: ModelShape, found: Mapping[str, tuple[int, ...]]) -> None:
    """Raise ValueError unless a file has tensors for a model of that shape, before the model takes memory."""
    if shape.depth > len(found):
        raise ValueError(f"{len(found)} tensors are too few for {shape.depth} blocks")
    wanted = {"patch_embedding.weight": (shape.width, shape.patch**2)}
    hidden = (shape.mlp_ratio * shape.width, shape.width)
    wanted |= {f"blocks.{n}.fc1.weight": hidden for n in range(shape.depth)}
    for name, dimensions in wanted.items():
        if found.get(name) != dimensions:
            raise ValueError(f"{name} must be {dimensions}, not {found.get(name)}")
