"""The step through Yosys: Verilog to a netlist of a family's cells."""

import inspect
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.store import stored
from gen.synth import buffers
from gen.synth.errors import OutOfMemoryError, SynthesisError
from gen.synth.families import Area, Family
from gen.synth.liberty import Library
from gen.synth.standard_cells import SCRIPTS, Memories, map_to_cells, memories
from gen.synth.tools import NATIVE_YOSYS, YOSYS

__all__ = ["Netlist", "Part", "parts", "synthesize"]


PADS = ("IB", "OB", "IBUF", "OBUF")
"""Buffers at ports, of all families."""


@dataclass(frozen=True, kw_only=True)
class Netlist:
    """What Yosys made of a design.

    Parameters
    ----------
    folder:
        Where ``netlist.json`` and Yosys' log are.
    area:
        Its cells.
    memories:
        Of standard cells, its memories.
    """

    folder: Path
    area: Area
    memories: Memories | None = None

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
    verilog: str,
    top: str,
    *,
    family: Family,
    dsp: bool,
    store: Path,
    by_module: bool = False,
    without: Sequence[str] = (),
    boxes: Sequence[str] = (),
    pads: bool = False,
) -> Netlist:
    """Map ``verilog`` with top module ``top`` to ``family``; results are kept in the folder ``store``.

    With ``by_module`` the modules stay apart, for `parts`: nothing is then simplified across their borders.
    Modules in ``without`` are left out: ports of their instances become ports of the top. Instances of
    modules in ``boxes`` stay instances, of which nothing is known or counted. With ``pads`` there is a buffer
    at each port, which does not count either. Raises ``SynthesisError``.
    """
    for name in (top, *without, *boxes):
        # Names with dots are written with a backslash.
        if not re.search(rf"^module \\?{re.escape(name)}\b", verilog, re.MULTILINE):
            raise SynthesisError(f"the design has no module {name!r}")
    if family.library:
        options = {"--dsp": dsp, "--parts": by_module, "--without": without}
        if asked := [option for option, value in options.items() if value]:
            raise SynthesisError(f"{asked[0]} is for FPGA families, not for {family.name}")
        return _synthesize_to_cells(verilog, top, family, family.library, store)
    if dsp and not family.dsps:
        raise SynthesisError(f"--dsp is not for {family.name}, whose DSP blocks have no rule for counting")
    # Without the renaming, ABC9 gives a wire of a module that stays apart the name of another one, and fails.
    command = f"hierarchy -top {top}; rename -hide; {family.by_module}" if by_module else family.synthesis
    command = family.with_pads if pads else command
    if without:
        instances = " ".join(f"t:{name}" for name in without)
        leave_out = f"blackbox {' '.join(without)}; proc; flatten; expose -evert {instances}"
        command = f"hierarchy -top {top}; {leave_out}; {command}"
    if boxes:
        command = f"hierarchy -top {top}; blackbox {' '.join(boxes)}; {command}"
    script = (
        f"read_verilog -sv design.v; {command}{'' if dsp else ' -nodsp'} -top {top} -json netlist.json;"
        " tee -q -o statistics.json stat -json"
    )

    def make(folder: Path) -> None:
        (folder / "design.v").write_text(verilog)
        try:
            YOSYS.run(["-q", "-p", script], folder)
        except OutOfMemoryError:
            NATIVE_YOSYS.run([script], folder)

    folder = stored(store, f"{top}-{family.name}", [YOSYS.identity, script, verilog], make)
    uncounted = {*boxes, *(PADS if pads else ())}
    cells = {kind: number for kind, number in _cells(folder, top).items() if kind not in uncounted}
    return Netlist(folder=folder, area=family.area(cells))


def _synthesize_to_cells(verilog: str, top: str, family: Family, library: Library, store: Path) -> Netlist:
    def make(folder: Path) -> None:
        (folder / "design.v").write_text(verilog)
        map_to_cells(folder, top, library)

    key = [YOSYS.identity, *SCRIPTS, inspect.getsource(buffers), library.text, verilog]
    folder = stored(store, f"{top}-{family.name}", key, make)
    return Netlist(folder=folder, area=family.area(_cells(folder, top)), memories=memories(folder))


def parts(netlist: Netlist, top: str, family: Family) -> list[Part]:
    """The kinds of parts of a netlist whose modules were kept apart, largest first.

    A part is a module placed in the top, or one at any depth in a module of the top that places modules
    with names of their own: the array's grid counts as its elements and drain cells.
    """
    modules = _statistics(netlist.folder)["modules"]
    number: Counter[str] = Counter()
    cells: dict[str, Counter[str]] = {}

    def collect(module: str) -> None:
        for name, count in _content(modules, module).items():
            if _content(modules, name) and _places_others(modules, name):
                collect(name)
                continue
            kind = _kind(name, module) if f"\\{name}" in modules else _REST
            number[kind] += count
            taken = cells.setdefault(kind, Counter())
            for cell, inside in _deep_cells(modules, name).items():
                taken[cell] += inside * count

    collect(top)
    number[_REST] = min(number[_REST], 1)
    found = [Part(name=kind, number=number[kind], area=family.area(c)) for kind, c in cells.items()]
    return sorted(found, key=lambda part: -part.area.lut)


_REST = "(rest)"
"""Kind of the logic that is in no part."""


def _content(modules: Mapping[str, Any], name: str) -> Mapping[str, int]:
    """Cells and modules placed in module ``name``, by type."""
    content: Mapping[str, int] = modules.get(f"\\{name}", {}).get("num_cells_by_type", {})
    return content


def _places_others(modules: Mapping[str, Any], name: str) -> bool:
    """Whether module ``name`` is a wrapper or places modules not named after it, itself or in one that is."""
    inner = [kind for kind in _content(modules, name) if f"\\{kind}" in modules]
    wrapper = len(inner) == len(_content(modules, name)) == 1
    return wrapper or any(not kind.startswith(f"{name}.") or _places_others(modules, kind) for kind in inner)


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
    for kind, count in _content(modules, name).items():
        for inner, number in _deep_cells(modules, kind).items():
            total[inner] += number * count
    return total
