"""Where an input lies as a file, and where commands write."""

import os
import shutil
from pathlib import Path

__all__ = ["Room"]


class Room:
    """A folder of a worker's own.

    Parameters
    ----------
    folder:
        One that is there.

    Attributes
    ----------
    files:
        For what is read.
    output:
        For what is written: it must be empty after an input that was refused.
    """

    def __init__(self, folder: Path) -> None:
        self.files, self.output = folder / "files", folder / "output"
        for each in (self.files, self.output):
            each.mkdir(exist_ok=True)

    def file(self, data: bytes, name: str = "input") -> Path:
        """A file that holds ``data``."""
        path = self.files / name
        path.write_bytes(data)
        return path

    def left(self) -> list[str]:
        """Names of what is in ``output``."""
        if not os.listdir(self.output):
            return []
        return sorted(str(path.relative_to(self.output)) for path in self.output.rglob("*"))

    def clear(self) -> None:
        """Empty ``output``."""
        for path in self.output.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
