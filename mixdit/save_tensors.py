"""Writing safetensors whole or not at all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gen.files import replacing

__all__ = ["save_tensors"]


def save_tensors(tensors: Mapping[str, Any], path: Path | str, metadata: dict[str, str]) -> None:
    """Make ``path`` hold ``tensors`` of PyTorch, ``metadata`` in the header. Raises OSError."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    with replacing(Path(path)) as new:
        try:
            save_file(dict(tensors), new, metadata)
        except SafetensorError as error:  # a full disk, say
            raise OSError(f"{path}: {error}") from error
