"""Writing exported files: all of them or none, and only those that changed."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

__all__ = ["write_files"]


def write_files(directory: Path, files: Mapping[str, str]) -> list[str]:
    """Make ``directory`` hold ``files`` (text by name), and return the names of those that changed.

    New text is first written beside the old, so that an error leaves every old file whole; files that
    are the same already keep their time. Files of an earlier export that are not in ``files`` are
    removed (the old ``manifest.json`` names them); what the user put there stays. Raises ``OSError``.
    """
    changed = [name for name, text in files.items() if not _holds(directory / name, text)]
    if not changed:
        return []
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".export-") as staging:
        for name in changed:
            (Path(staging) / name).write_text(files[name], encoding="utf-8", newline="\n")
        for name in _exported(directory) - files.keys():
            (directory / name).unlink(missing_ok=True)
        for name in changed:
            os.replace(Path(staging) / name, directory / name)
    return changed


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except FileNotFoundError:
        return False


def _exported(directory: Path) -> set[str]:
    """Names of the files of the export that ``directory`` holds."""
    try:
        manifest = json.loads((directory / "manifest.json").read_text())
        return {Path(file["name"]).name for file in manifest["files"]}
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return set()
