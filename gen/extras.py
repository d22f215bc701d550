"""The Python packages that the project asks for, and the line that gets them.

It needs nothing but the standard library, so that it can speak where packages are missing.
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

__all__ = [
    "BASE",
    "PURPOSES",
    "MissingPackageError",
    "Requirement",
    "install_line",
    "is_foreign",
    "requirements",
]

BASE = "base"
"""Name for what the project always needs, beside those of the extras."""

PURPOSES = {
    BASE: "the model, the export, the driver",
    "sim": "simulation, tests, `mixdit sample --backend rtl`",
    "demo": "`mixdit demo`",
    "dit": "`mixdit calibrate`, `compare`, `search`, `compile`, `quality`, `sample`, `speedup`, "
    "`train-digits`, the PyTorch layers",
    "synth": "`mixdit synth`, `make ppa`",
    "explore": "`mixdit explore`, which needs dit and synth too",
    "lint": "`make lint`, and checks of exported files",
    "litex": "the engine in systems made by LiteX",
    "supply": "`make sbom`",
}
"""What each extra is for."""

_ROOT = Path(__file__).resolve().parent.parent
_SETUP = _ROOT / "tools" / "setup_venv.py"

_REQUIREMENT = re.compile(r"""([\w.-]+)\s*(?:==([^;\s]+))?\s*(?:;\s*extra == ["'](\w+)["'])?""")

_MODULES = {
    "sklearn": "scikit-learn",
    "vcd": "pyvcd",
    "cocotbext": "cocotbext-axi",
    "ml_dtypes": "ml_dtypes",
}
"""Packages whose modules have other names."""


class MissingPackageError(RuntimeError):
    """A command needs a package that is not installed; the message, one line, says how to get it."""

    exit_status = 1

    def __init__(self, what: str, module: str, extras: Sequence[str] = ()):
        top = module.partition(".")[0]
        package = _MODULES.get(top, top.replace("_", "-"))
        line = install_line(extras, package)
        super().__init__(f"{what} needs the Python package {package!r}: `{line}` gets it")


@dataclass(frozen=True)
class Requirement:
    """A package at the version that the project pins, None for any."""

    name: str
    pinned: str | None

    @property
    def installed(self) -> str | None:
        """The version that is installed, without how it was built; None if there is none."""
        try:
            return version(self.name).partition("+")[0]
        except PackageNotFoundError:
            return None

    def __str__(self) -> str:
        return f"{self.name}=={self.pinned}" if self.pinned else self.name


def requirements(extra: str = BASE) -> list[Requirement]:
    """What an extra asks for: in a checkout by pyproject.toml, elsewhere by the project's metadata."""
    return [requirement for requirement, of in _declared() if of == extra]


def install_line(extras: Sequence[str], package: str = "") -> str:
    """The command that brings ``extras`` and the base: a checkout's own; elsewhere pip, with the packages.

    ``package`` is for who needs what the project does not ask for.
    """
    wanted = [BASE, *(extra for extra in PURPOSES if extra in extras and extra != BASE)]
    packages = [requirement for extra in wanted for requirement in requirements(extra)]
    if package and package not in {requirement.name for requirement in packages}:
        return f"{sys.executable} -m pip install {package}"
    if _SETUP.is_file():
        path = _SETUP.relative_to(_ROOT) if Path.cwd() == _ROOT else _SETUP
        return " ".join(["python3", str(path), *wanted])
    missing = dict.fromkeys(str(r) for r in packages if r.installed != r.pinned)
    return " ".join([sys.executable, "-m", "pip", "install", *(missing or map(str, packages))])


def is_foreign(module: str | None) -> bool:
    """Whether a module that was not found belongs to others; else it is a fault of this project."""
    return bool(module) and str(module).partition(".")[0] not in ("golden", "hw", "gen", "mixdit", "perf")


def _declared() -> Iterator[tuple[Requirement, str]]:
    """Every requirement, with its extra."""
    if _SETUP.is_file():
        project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
        lines = [*project["dependencies"]]
        for extra, needed in project["optional-dependencies"].items():
            lines += [f"{line}; extra == '{extra}'" for line in needed]
    else:
        lines = requires("mixdit-rtl") or []
    for line in lines:
        if match := _REQUIREMENT.fullmatch(line):
            yield Requirement(match[1], match[2]), match[3] or BASE
