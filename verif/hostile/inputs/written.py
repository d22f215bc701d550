"""Valid files, as what writes them makes them."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["written"]


def written(save: Callable[[Path], object]) -> bytes:
    """What ``save`` writes into the file of the path that it is given."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        save(path)
        return path.read_bytes()
