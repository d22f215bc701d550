"""Libraries of standard cells in Liberty format, read from where a system package puts them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gen.synth.errors import SynthesisError

__all__ = ["OSU018", "Library"]

_CELL = re.compile(r"^\s*cell\s*\(\s*\"?(\w+)\"?\s*\)", re.MULTILINE)
_AREA = re.compile(r"^\s*area\s*:\s*([\d.]+)", re.MULTILINE)
_FLIP_FLOP = re.compile(r"^\s*ff\s*\(", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Library:
    """A library of standard cells.

    Parameters
    ----------
    path:
        Its Liberty file.
    package:
        What Debian and Ubuntu call the package with it.
    gate:
        The cell in whose size areas are also told: the smallest NAND with two inputs.
    buffer:
        What drives part of a net with many loads.
    buffer_pins:
        Its input and its output.
    """

    path: Path
    package: str
    gate: str
    buffer: str
    buffer_pins: tuple[str, str]

    @cached_property
    def text(self) -> str:
        """The Liberty file. Raises ``SynthesisError`` where it is not installed."""
        try:
            return self.path.read_text()
        except OSError as error:
            raise SynthesisError(
                f"standard cells need {self.path}: `apt-get install --no-install-recommends {self.package}`"
                " gets it"
            ) from error

    @cached_property
    def areas(self) -> Mapping[str, float]:
        """Area of each cell in square micrometres."""
        return {name: float(_found(_AREA, cell, name)) for name, cell in self._cells.items()}

    @cached_property
    def flip_flops(self) -> frozenset[str]:
        """Cells that are flip-flops."""
        return frozenset(name for name, cell in self._cells.items() if _FLIP_FLOP.search(cell))

    @cached_property
    def _cells(self) -> Mapping[str, str]:
        """Text from a cell's name to that of the next, by name."""
        _, *parts = _CELL.split(self.text)
        if not parts:
            raise SynthesisError(f"{self.path} has no cells")
        return dict(zip(parts[::2], parts[1::2], strict=True))


def _found(pattern: re.Pattern[str], text: str, cell: str) -> str:
    match = pattern.search(text)
    if match is None:
        raise SynthesisError(f"cell {cell} has no area")
    return match[1]


OSU018 = Library(
    path=Path("/usr/share/qflow/tech/osu018/osu018_stdcells.lib"),
    package="qflow-tech-osu018",
    gate="NAND2X1",
    buffer="BUFX4",
    buffer_pins=("A", "Y"),
)
"""Oklahoma State University's cells for a process of 0.18 um, at 1.8 V and 25 degrees Celsius."""
