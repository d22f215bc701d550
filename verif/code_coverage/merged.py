"""Counts of many simulations, merged by the kind of module."""

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from verif.code_coverage.points import Point, read_points

__all__ = ["Merged", "merge"]

_IDLE = "$auto$verilog_backend"
"""In a line that does nothing: Yosys puts it where a simulator needs something that changes."""

_MODULE = re.compile(r"^module \\?(\S+?) ?\(.*?^endmodule", re.MULTILINE | re.DOTALL)


@dataclass
class Merged:
    """Points of the modules of one kind, of all sizes together: whether any simulation ran into them.

    A line or branch of two modules is one if their texts are equal; a bit is one by its name in all of them.
    """

    lines: dict[Hashable, bool] = field(default_factory=dict)
    toggles: dict[Hashable, bool] = field(default_factory=dict)

    def add(self, point: Point, line: int, text: str) -> None:
        """Count a point in a line, from 0, of a module with this text; no signals that tools named."""
        if point.kind == "toggle":
            if not point.signal.startswith(("$", "_")):
                self.toggles[point.name] = self.toggles.get(point.name, False) or point.count > 0
        elif _IDLE not in text.splitlines()[line]:
            key = sha256(text.encode()).hexdigest(), point.kind, point.name, line, point.column
            self.lines[key] = self.lines.get(key, False) or point.count > 0

    def lines_not_run(self) -> int:
        """Lines and branches that no simulation ran."""
        return [*self.lines.values()].count(False)

    def still_signals(self) -> Iterator[tuple[str, int, int]]:
        """Signals with edges that no simulation saw: name, edges that were not seen, all edges."""
        edges: dict[str, list[bool]] = {}
        for name, seen in self.toggles.items():
            edges.setdefault(re.sub(r"(\[\d+\])*:[01]->[01]$", "", str(name)), []).append(seen)
        for signal, seen in sorted(edges.items()):
            if not all(seen):
                yield signal, seen.count(False), len(seen)


def merge(folder: Path) -> dict[str, Merged]:
    """Points of all files of counts in ``folder``, by kind of module."""
    found: dict[str, Merged] = {}
    for path in sorted(folder.glob("*.dat")):
        modules = _modules(path.with_suffix(".v").read_text())
        for point in read_points(path):
            first, text = modules[point.module]
            found.setdefault(_kind(point.module), Merged()).add(point, point.line - 1 - first, text)
    return found


def _modules(verilog: str) -> dict[str, tuple[int, str]]:
    """First line, from 0, and text of each module, without its name and the design's."""
    found = {}
    for match in _MODULE.finditer(verilog):
        text = match[0].replace(match[1], "").replace(match[1].partition(".")[0], "")
        found[match[1]] = verilog.count("\n", 0, match.start()), text
    return found


def _kind(module: str) -> str:
    """What modules are called that differ in a number only; a design's own logic goes by its name."""
    design, *_, last = module.split(".") if "." in module else (module, "core")
    return re.sub(r"[_$]?\d+", "", design if last == "core" else last)
