"""Results of a comparison on disk: one file for each image of each variant."""

import json
import re
from pathlib import Path
from typing import Any

import torch

from gen.files import check_writable, write_text
from mixdit.compare.comparison import CompareError, Comparison
from mixdit.compare.subject import Arrays, Measurement
from mixdit.json_values import expect, parse, reason
from mixdit.save_tensors import opened_tensors, save_tensors

__all__ = ["TABLES", "Results", "folder_name"]

SETTINGS = "comparison.json"
REFERENCE = "reference"
TABLES = ("compare.json", "compare.md")


class Results:
    """A folder of results; files appear whole, and what is there is never made again.

    Parameters
    ----------
    folder:
        Made if there is none.
    comparison:
        Whose results it holds.
    restart:
        Whether results of another comparison are deleted, and its own too.

    Raises
    ------
    CompareError
        A folder with results of another comparison.
    OSError
        Files cannot be written there.
    """

    def __init__(self, folder: Path, comparison: Comparison, restart: bool = False) -> None:
        self.folder, self.digest = folder, comparison.digest
        settings = folder / SETTINGS
        check_writable(settings)
        if restart:
            for path in folder.glob("*/[0-9][0-9][0-9][0-9][0-9].safetensors"):
                path.unlink()
            for name in TABLES:
                (folder / name).unlink(missing_ok=True)
        elif settings.exists() and _digest(settings) != self.digest:
            raise CompareError(
                f"{folder} has results of another comparison: choose another --output, or --restart"
            )
        write_text(settings, json.dumps({"digest": self.digest} | comparison.identity(), indent=2) + "\n")

    def has_reference(self, number: int) -> bool:
        """Whether image ``number`` of the model itself is there."""
        return self._notes(self._path(REFERENCE, number)) is not None

    def reference(self, number: int) -> Arrays:
        """See `Subject.reference`."""
        return _read(self._path(REFERENCE, number))

    def keep_reference(self, number: int, arrays: Arrays) -> None:
        """Write it; OSError if that fails."""
        self._write(self._path(REFERENCE, number), arrays, {})

    def figures(self, variant: str, number: int) -> dict[str, Any] | None:
        """Of an image of a variant; None if it is not there."""
        return self._notes(self._path(variant, number))

    def image(self, variant: str, number: int) -> Any:
        """uint8 ``[height, width, 3]``, a video's ``[frames, ...]`` before."""
        return _read(self._path(variant, number))["image"]

    def keep(self, variant: str, number: int, measurement: Measurement) -> None:
        """Write it; OSError if that fails."""
        arrays, figures = measurement
        self._write(self._path(variant, number), arrays, figures)

    def _path(self, variant: str, number: int) -> Path:
        return self.folder / folder_name(variant) / f"{number:05d}.safetensors"

    def _write(self, path: Path, arrays: Arrays, figures: dict[str, Any]) -> None:
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        save_tensors(tensors, path, {"digest": self.digest, "figures": json.dumps(figures)})

    def _notes(self, path: Path) -> dict[str, Any] | None:
        """Figures of a file of this comparison; None for any other, which is made anew."""
        from safetensors import SafetensorError

        try:
            with opened_tensors(path) as file:
                metadata = file.metadata() or {}
        except (FileNotFoundError, SafetensorError):
            return None
        if metadata.get("digest") != self.digest:
            return None
        try:
            found: dict[str, Any] = expect(parse(metadata["figures"]), dict, "figures")
        except (KeyError, ValueError):
            return None
        return found


def folder_name(variant: str) -> str:
    """A variant's folder: what of its name suits every file system."""
    return re.sub(r"[^a-z0-9]+", "-", variant.lower())


def _read(path: Path) -> Arrays:
    """Arrays of a file, ``image`` among them; CompareError for another kind of file."""
    from safetensors import SafetensorError

    try:
        with opened_tensors(path) as file:
            found = {name: file.get_tensor(name).numpy() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, TypeError) as error:  # NumPy has not every type
        raise CompareError(f"{path} is no image: {reason(error)}; --restart replaces it") from error
    if "image" not in found:
        raise CompareError(f"{path} is no image: it has none; --restart replaces it")
    return found


def _digest(settings: Path) -> Any:
    try:
        return parse(settings.read_bytes())["digest"]
    except (ValueError, LookupError, TypeError):
        return None
