"""Writing safetensors whole or not at all, and opening them."""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gen.files import replacing

__all__ = ["opened_tensors", "save_tensors"]


def save_tensors(tensors: Mapping[str, Any], path: Path | str, metadata: dict[str, str]) -> None:
    """Make ``path`` hold ``tensors`` of PyTorch, ``metadata`` in the header. Raises OSError."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    with replacing(Path(path)) as new:
        try:
            new.touch()
            mode = new.stat().st_mode  # that of any new file: save_file() would have nobody else read it
            save_file(dict(tensors), new, metadata)
            new.chmod(mode)
        except SafetensorError as error:  # a full disk, say
            raise OSError(f"{path}: {error}") from error


@contextmanager
def opened_tensors(path: Path | str, device: str = "cpu") -> Iterator[Any]:
    """A file of safetensors to read, by ``safe_open`` for PyTorch.

    Raises
    ------
    OSError
        No such file, or a folder; the error names it, which that of ``safe_open`` does not.
    SafetensorError
        Another kind of file.
    """
    from safetensors import safe_open

    os.close(os.open(path, os.O_RDONLY))
    if Path(path).is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    with safe_open(path, framework="pt", device=device) as file:
        yield file
