"""The step through Yosys: Verilog to a netlist of an FPGA family's cells."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.synth.families import Area, Family
from gen.synth.store import stored
from gen.synth.tools import YOSYS

__all__ = ["Netlist", "Part", "parts", "synthesize"]


@dataclass(frozen=True, kw_only=True)
class Netlist:
    """What Yosys made of a design.

    Parameters
    ----------
    folder:
        Where ``netlist.json`` and Yosys' log are.
    area:
        Its cells.
    """

    folder: Path
    area: Area

    @property
    def path(self) -> Path:
        """The netlist as Yosys JSON."""
        return self.folder / "netlist.json"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Modules of one kind in a design.

    Parameters
    ----------
    name:
        Name of the kind: the instances' name without numbers, ``(rest)`` for the top's own logic.
    number:
        How many there are.
    area:
        Cells of all of them.
    """

    name: str
    number: int
    area: Area


def synthesize(
    verilog: str, top: str, *, family: Family, dsp: bool, store: Path, by_module: bool = False
) -> Netlist:
    """Map ``verilog`` with top module ``top`` to ``family``; results are kept in the folder ``store``.

    With ``by_module`` the modules stay apart, for `parts`: nothing is then simplified across their borders.
    Raises ``SynthesisError``.
    """
    command = family.by_module if by_module else family.synthesis
    script = (
        f"read_verilog -sv design.v; {command}{'' if dsp else ' -nodsp'} -top {top} -json netlist.json;"
        " tee -q -o statistics.json stat -json"
    )

    def make(folder: Path) -> None:
        (folder / "design.v").write_text(verilog)
        YOSYS.run(["-q", "-p", script], folder)

    folder = stored(store, f"{top}-{family.name}", [YOSYS.identity, script, verilog], make)
    return Netlist(folder=folder, area=family.area(_cells(folder, top)))


def parts(netlist: Netlist, top: str, family: Family) -> list[Part]:
    """The kinds of parts of a netlist whose modules were kept apart, largest first."""
    modules = _statistics(netlist.folder)["modules"]
    while len(below := modules[f"\\{top}"]["num_cells_by_type"]) == 1 and f"\\{next(iter(below))}" in modules:
        (top,) = below  # a wrapper without logic
    number: Counter[str] = Counter()
    cells: dict[str, Counter[str]] = {}
    for name, count in below.items():
        inner = modules.get(f"\\{name}")
        kind = _kind(name, top) if inner else "(rest)"
        number[kind] += count if inner else 0
        taken = _deep_cells(modules, name)
        for _ in range(count):
            cells.setdefault(kind, Counter()).update(taken)
    found = [Part(name=k, number=number[k] or 1, area=family.area(c)) for k, c in cells.items()]
    return sorted(found, key=lambda part: -part.area.lut)


def _kind(module: str, top: str) -> str:
    return re.sub(r"_\d+", "", module.removeprefix(f"{top}."))


def _statistics(folder: Path) -> Any:
    return json.loads((folder / "statistics.json").read_text())


def _cells(folder: Path, top: str) -> Counter[str]:
    """Number of cells by type in the whole design."""
    return _deep_cells(_statistics(folder)["modules"], top)


def _deep_cells(modules: Mapping[str, Any], name: str) -> Counter[str]:
    """Number of cells by type in module ``name`` and below it; a cell, if ``name`` is no module."""
    if f"\\{name}" not in modules:
        return Counter({name: 1})
    total: Counter[str] = Counter()
    for kind, count in modules[f"\\{name}"]["num_cells_by_type"].items():
        for inner, number in _deep_cells(modules, kind).items():
            total[inner] += number * count
    return total
