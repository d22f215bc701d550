"""A module of an ECP5 design placed once, as a macro: a rectangle of cells that can be repeated.

The module is placed on its own ("out of context") with every logic cell outside of the rectangle taken, so
that nextpnr has only the rectangle to put it into. The rectangle has the height of a band of logic tiles;
anywhere in a band its cells keep their distances, and so do their wires, nearly.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from gen.store import stored
from gen.synth.errors import SynthesisError
from gen.synth.families import Area, Family
from gen.synth.logic_tiles import LFE5U_25_TILES, TILE_CELLS, bels
from gen.synth.placement import OPTIONS, Placement, read_report
from gen.synth.synthesis import synthesize
from gen.synth.tools import NEXTPNR_ECP5
from gen.synth.trim import trim_carry_chains

__all__ = ["HEIGHT", "SEEDS", "Macro", "make_macro"]

HEIGHT = 11
"""Rows of tiles of a macro: those of a band."""

SEEDS = 4
"""Placements that a macro is the fastest of."""

_FULL = 0.86
"""Most of a rectangle's cells of a kind that the module may take."""

_DEVICE = ("--25k", "--speed", "6", "--package", "CABGA381")
"""A smaller device with the same tiles and speed, which is sooner loaded."""

_LEFT, _BAND = 30, LFE5U_25_TILES.bands[2]
"""Where the rectangle is on it: away from the edges."""

_BLOCK = "outside_"
"""How the names of cells that take places begin."""

_BEL = re.compile(r"X(\d+)/Y(\d+)/(.+)")


@dataclass(frozen=True, kw_only=True)
class Macro:
    """A placed module.

    Parameters
    ----------
    module:
        Its name.
    width:
        Columns of tiles of its rectangle; ``HEIGHT`` is the rows.
    seed, placement:
        The seed of the placement, and what nextpnr found about it.
    area:
        Its cells by Yosys.
    ports:
        Its ports, as in Yosys' JSON.
    cells:
        Its cells as nextpnr packed them, in Yosys' JSON.
    places:
        Of each cell column and row in the rectangle, from its upper left corner, and the place in the tile.
    """

    module: str
    width: int
    seed: int
    placement: Placement
    area: Area
    ports: Mapping[str, Any]
    cells: Mapping[str, Any]
    places: Mapping[str, tuple[int, int, str]]

    @property
    def summary(self) -> str:
        """It in a few words."""
        alone = self.placement.fmax_mhz
        return f"{self.width} x {HEIGHT} tiles" + (f", {alone:.0f} MHz alone" if alone else "")

    def tiles(self, x: int, y: int) -> Iterator[tuple[int, int]]:
        """X and Y of the rectangle's tiles with its upper left corner at ``x``, ``y``."""
        return product(range(x, x + self.width), range(y, y + HEIGHT))

    def bels(self, x: int, y: int) -> dict[str, str]:
        """The BEL of each cell with the rectangle's upper left corner at ``x``, ``y``."""
        return {name: f"X{x + dx}/Y{y + dy}/{bel}" for name, (dx, dy, bel) in self.places.items()}


def make_macro(
    verilog: str, module: str, *, family: Family, frequency_mhz: float, store: Path, seeds: int = SEEDS
) -> Macro:
    """``module`` of ``verilog`` as the fastest of ``seeds`` macros.

    The same text gives the same macro. Raises ``SynthesisError``, also for a module with other cells than
    look-up tables, carry cells and flip-flops.
    """
    netlist = synthesize(verilog, module, family=family, dsp=False, store=store)
    text = json.loads(netlist.path.read_text())
    trim_carry_chains(text)
    width = _width(netlist.area)
    text["modules"][module]["cells"].update(_outside(width))
    source = json.dumps(text)
    best: tuple[float, int, Path] | None = None
    for seed in range(1, seeds + 1):
        folder = _place(source, module, seed, frequency_mhz, store)
        found = read_report(json.loads((folder / "report.json").read_text()))
        # Of equals the first: the choice depends on nothing else.
        if best is None or (found.fmax_mhz or 0) > best[0]:
            best = found.fmax_mhz or 0, seed, folder
    assert best
    _, seed, folder = best
    placed = json.loads((folder / "placed.json").read_text())
    return Macro(
        module=module,
        width=width,
        seed=seed,
        placement=read_report(json.loads((folder / "report.json").read_text())),
        area=netlist.area,
        ports=placed["ports"],
        cells=placed["cells"],
        places=_places(module, placed["cells"], width),
    )


def _width(area: Area) -> int:
    """Columns of a rectangle that ``area`` fills no more than it may."""
    return math.ceil(max(area.lut, area.ff) / (HEIGHT * TILE_CELLS * _FULL))


def _outside(width: int) -> dict[str, Any]:
    """A cell in every place outside of the rectangle."""
    inside = {(x, y) for x in range(_LEFT, _LEFT + width) for y in _BAND}
    places = [bel for tile in LFE5U_25_TILES.tiles() if tile not in inside for bel in bels(*tile)]
    parameters = {
        "TRELLIS_COMB": {"MODE": "LOGIC", "INITVAL": "0" * 16},
        "TRELLIS_FF": {"GSR": "DISABLED", "SD": "0"},
    }
    return {
        f"{_BLOCK}{n}": {
            "type": kind,
            "parameters": parameters[kind],
            "attributes": {"BEL": bel},
            "port_directions": {},
            "connections": {},
        }
        for n, (kind, bel) in enumerate(places)
    }


def _place(source: str, module: str, seed: int, frequency_mhz: float, store: Path) -> Path:
    """Folder with ``report.json`` of a placement, and the module's own cells in ``placed.json``."""
    arguments = [*_DEVICE, *OPTIONS, "--freq", str(frequency_mhz), "--seed", str(seed)]

    def make(folder: Path) -> None:
        (folder / "netlist.json").write_text(source)
        files = ["--json", "netlist.json", "--report", "report.json", "--write", "routed.json"]
        NEXTPNR_ECP5.run([*arguments, *files], folder)
        (routed,) = json.loads((folder / "routed.json").read_text())["modules"].values()
        cells = {name: cell for name, cell in routed["cells"].items() if not name.startswith(_BLOCK)}
        (folder / "placed.json").write_text(json.dumps({"ports": routed["ports"], "cells": cells}))
        for name in ("netlist.json", "routed.json"):
            (folder / name).unlink()

    return stored(store, f"{module}-macro-{seed}", [NEXTPNR_ECP5.identity, *arguments, source], make)


def _places(module: str, cells: Mapping[str, Any], width: int) -> dict[str, tuple[int, int, str]]:
    places = {}
    for name, cell in cells.items():
        if cell["type"] not in ("TRELLIS_COMB", "TRELLIS_FF"):
            raise SynthesisError(f"{module} cannot be a macro: {name} is a {cell['type']}")
        match = _BEL.fullmatch(cell["attributes"]["NEXTPNR_BEL"])
        assert match
        x, y = int(match[1]) - _LEFT, int(match[2]) - _BAND.start
        assert x in range(width)
        assert y in range(HEIGHT)
        places[name] = x, y, match[3]
    return places
