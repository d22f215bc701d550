"""Trained weights on disk: safetensors in half precision, the recipe in the header."""

import json
from dataclasses import asdict
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from mixdit.digits.model import DigitsTransformer, ModelShape
from mixdit.digits.recipes import RECIPES
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
            metadata = json.loads((file.metadata() or {})["mixdit"])
        model = DigitsTransformer(ModelShape(**metadata["shape"]))
        load_weights(path, model)
    except (SafetensorError, KeyError, TypeError, RuntimeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} holds no digits transformer: {error}") from error
    try:
        check_finite(model)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return model.eval().requires_grad_(False)
