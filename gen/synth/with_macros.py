"""The step between Yosys and nextpnr in which processing elements become placed macros, on ECP5.

Elements are synthesized and placed once, the design around them with each element a black box. Then each
instance is replaced by a copy of the placed cells in the place that ``floorplan`` gives it. Carry chains
are trimmed on both sides, and what drives many loads is copied. nextpnr places the rest, and routes all.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.store import stored
from gen.synth.copies import copy_drivers
from gen.synth.families import Area, Family
from gen.synth.floorplan import NoFloorplanError, floorplan
from gen.synth.macro import HEIGHT, Macro, make_macro
from gen.synth.merge import merge_macros
from gen.synth.synthesis import Netlist, synthesize
from gen.synth.trim import trim_carry_chains

__all__ = ["ELEMENT", "Macros", "has_elements", "with_macros"]

ELEMENT = "mx_array_pe"
"""The module that becomes a macro."""


@dataclass(frozen=True, kw_only=True)
class Macros:
    """A design with its elements placed.

    Parameters
    ----------
    netlist:
        All of its cells, those of elements with a BEL; its area has all of them, too.
    element:
        The macro.
    places:
        X and Y of the upper left tile of each instance, by its name.
    """

    netlist: Netlist
    element: Macro
    places: dict[str, tuple[int, int]]

    def to_json(self) -> dict[str, Any]:
        """What they are, as JSON values."""
        return {
            "module": self.element.module,
            "number": len(self.places),
            "tiles": [self.element.width, HEIGHT],
            "seed": self.element.seed,
            "fmax_mhz": self.element.placement.fmax_mhz,
            "places": {name: list(place) for name, place in sorted(self.places.items())},
        }


def has_elements(verilog: str) -> bool:
    """Whether a design has what can become macros."""
    return re.search(rf"^module {ELEMENT}\b", verilog, re.MULTILINE) is not None


def with_macros(verilog: str, top: str, *, family: Family, frequency_mhz: float, store: Path) -> Macros:
    """``verilog`` with top module ``top`` and its elements as macros; results are kept in ``store``.

    Raises ``NoFloorplanError`` if the device has no room for them, and ``SynthesisError``.
    """
    around = synthesize(verilog, top, family=family, dsp=False, store=store, boxes=(ELEMENT,))
    netlist = json.loads(around.path.read_text())
    netlist["modules"] = {top: netlist["modules"][top]}
    module = netlist["modules"][top]
    instances = [name for name, cell in module["cells"].items() if cell["type"] == ELEMENT]
    if not instances:
        raise NoFloorplanError("the design has no elements")
    element = make_macro(verilog, ELEMENT, family=family, frequency_mhz=frequency_mhz, store=store)
    places = floorplan(instances, width=element.width)
    trim_carry_chains(netlist)
    copy_drivers(netlist, boxes=[ELEMENT])
    merge_macros(module, {ELEMENT: element}, places)
    text = json.dumps(netlist)

    def make(folder: Path) -> None:
        (folder / "netlist.json").write_text(text)

    folder = stored(store, f"{top}-{family.name}-macros", [text], make)
    area = _sum(family, around.area, element.area, len(places))
    return Macros(netlist=Netlist(folder=folder, area=area), element=element, places=places)


def _sum(family: Family, around: Area, element: Area, number: int) -> Area:
    cells = Counter(around.cells)
    for kind, count in element.cells.items():
        cells[kind] += number * count
    return family.area(cells)
