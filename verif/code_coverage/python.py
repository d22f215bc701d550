"""Branches of the Python, as coverage.py reports them."""

import json
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PACKAGES", "Branches", "read_branches"]

PACKAGES = ("golden", "gen", "mixdit/driver")
"""Folders whose branches are counted."""


@dataclass
class Branches:
    """Of a file or folder, how many branches there are, how many were taken, and lines that never ran."""

    taken: int = 0
    all: int = 0
    missing: dict[str, list[int]] | None = None


def read_branches(report: Path) -> dict[str, Branches]:
    """Of each package, from coverage.py's report as JSON."""
    found = {package: Branches(missing={}) for package in PACKAGES}
    for name, file in json.loads(report.read_text())["files"].items():
        package = next((each for each in PACKAGES if name.startswith(f"{each}/")), None)
        if package is None:
            continue
        branches, summary = found[package], file["summary"]
        branches.taken += summary["covered_branches"]
        branches.all += summary["num_branches"]
        if file["missing_lines"]:
            branches.missing[name] = file["missing_lines"]
    return found
