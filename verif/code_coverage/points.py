"""Points that Verilator counts, as it writes them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Point", "read_points"]

_KEY = re.compile("\x01([^\x02]+)\x02([^\x01]*)")
_ESCAPED = re.compile(r"__0([0-9A-F]{2})")
"""How Verilator writes what cannot be in a name of C++."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """Something that a simulation can run into.

    Parameters
    ----------
    kind:
        ``"toggle"``, ``"line"`` or ``"branch"``.
    module:
        Of the Verilog.
    line, column:
        In its file, from 1.
    name:
        Of a toggle the bit and its edge, such as ``"data[3]:0->1"``; otherwise what the line is.
    count:
        How often.
    """

    kind: str
    module: str
    line: int
    column: int
    name: str
    count: int

    @property
    def signal(self) -> str:
        """Of a toggle, the signal."""
        return re.sub(r"(\[\d+\])*:[01]->[01]$", "", self.name)


def read_points(path: Path) -> Iterator[Point]:
    """The points of a file of counts. Raises ``ValueError`` for any other file."""
    with open(path) as file:
        if not file.readline().startswith("# SystemC::Coverage-3"):
            raise ValueError(f"{path} has no counts of Verilator")
        for text in file:
            keys, _, count = text.rpartition(" ")
            found = dict(_KEY.findall(keys.removeprefix("C '").removesuffix("'")))
            yield Point(
                kind=found["t"],
                module=_plain(found["page"].partition("/")[2]),
                line=int(found["l"]),
                column=int(found["n"]),
                name=_plain(found["o"]),
                count=int(count),
            )


def _plain(name: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), name)
