"""Traces of a design's ports, of two simulators, compared clock by clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mixdit.sim.design import Design

__all__ = ["Comparison", "compare_traces", "port_trace"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Of two traces: clocks, bits of ports that both know, bits that one does not, and where they differ.

    Parameters
    ----------
    differences:
        Clock, port and both values, of the first few.
    """

    clocks: int
    known: int
    unknown: int
    differences: tuple[str, ...]


def port_trace(path: Path, design: Design) -> list[dict[str, str]]:
    """Value of each port, in binary digits, when all has settled at a fall of the clock.

    Of Verilator, which knows 0 and 1 only; its files begin with a scope without a name, which pyvcd's reader
    refuses.

    Raises ``ValueError`` when the waveform lacks a port.
    """
    names: dict[str, list[str]] = {}
    values: dict[str, str] = {}
    trace: list[dict[str, str]] = []
    scope, falls = "", False
    with open(path) as file:
        for words in map(str.split, file):
            match words:
                case ["$scope", "module", scope, *_]:
                    pass
                case ["$var", _, width, code, name, *_] if scope == design.name and name in design.ports:
                    names.setdefault(code, []).append(name)
                    values[name] = "x" * int(width)
                case [time] if time.startswith("#"):
                    if falls:
                        trace.append(dict(values))
                    falls = False
                case [change] | [change, _] if change[0] in "01b":
                    code = words[1] if len(words) == 2 else change[1:]
                    for name in names.get(code, []):
                        value = (change[1:] if len(words) == 2 else change[0]).rjust(len(values[name]), "0")
                        falls |= name == "clk" and values[name] == "1" and value == "0"
                        values[name] = value
    if falls:
        trace.append(dict(values))
    if missing := set(design.ports) - set(values):
        raise ValueError(f"{path} has no port {sorted(missing)[0]!r}")
    return trace


def compare_traces(one: Sequence[dict[str, str]], other: Sequence[dict[str, str]]) -> Comparison:
    """Compare clock by clock; a bit that is x or z in either is counted, not compared."""
    known = unknown = 0
    differences: list[str] = []
    if len(one) != len(other):
        differences.append(f"{len(one)} and {len(other)} clocks")
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        for port in sorted(left.keys() & right.keys()):
            pairs = [pair for pair in zip(left[port], right[port], strict=True) if set(pair) <= {"0", "1"}]
            known += len(pairs)
            unknown += len(left[port]) - len(pairs)
            if any(a != b for a, b in pairs) and len(differences) < 5:
                differences.append(f"clock {number}, {port}: {left[port]} and {right[port]}")
    return Comparison(clocks=len(one), known=known, unknown=unknown, differences=tuple(differences))
