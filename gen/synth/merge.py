"""Placed copies of macros in a netlist, in place of their instances.

What a copy is wired to: nets of the macro's ports become those that the instance is connected to, all others
become new nets. Where a macro has one net at two outputs, or a constant, nets of the design become one.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from gen.synth.errors import SynthesisError
from gen.synth.logic_tiles import LFE5U_85_TILES
from gen.synth.macro import Macro

__all__ = ["merge_macros"]

_Net = int | str
"""A net's number, or a constant: "0", "1", "x"."""


def merge_macros(
    module: dict[str, Any], macros: Mapping[str, Macro], places: Mapping[str, tuple[int, int]]
) -> None:
    """Replace instances in ``module``, a flat module of Yosys' JSON, in place.

    Parameters
    ----------
    macros:
        The macros by the name of their module.
    places:
        X and Y of the upper left tile of each instance on LFE5U-85F.

    Raises ``SynthesisError`` where two overlap, or where there is no logic tile.
    """
    nets = count(max(_nets(module), default=1) + 1)
    joined: dict[_Net, _Net] = {}
    taken = dict.fromkeys(LFE5U_85_TILES.tiles(), "")
    for instance, place in places.items():
        cell = module["cells"].pop(instance)
        macro = macros[cell["type"]]
        _take(instance, macro, place, taken)
        module["cells"].update(_copy(instance, macro, place, _outer(cell, macro, joined), nets))
    _join(module, joined)
    # Names of what is no net any more.
    for name in [n for n, net in module["netnames"].items() if n.startswith(tuple(f"{i}." for i in places))]:
        del module["netnames"][name]


def _take(instance: str, macro: Macro, place: tuple[int, int], taken: dict[tuple[int, int], str]) -> None:
    """Mark the tiles of a rectangle in ``taken``, which has every logic tile and who has it."""
    for tile in macro.tiles(*place):
        x, y = tile
        if tile not in taken:
            raise SynthesisError(f"{instance} is where there is no logic tile: X{x}/Y{y}")
        if taken[tile]:
            raise SynthesisError(f"{instance} overlaps {taken[tile]}: X{x}/Y{y}")
        taken[tile] = instance


def _nets(module: Mapping[str, Any]) -> Iterator[int]:
    for part in (*module["ports"].values(), *module["netnames"].values()):
        yield from (bit for bit in part["bits"] if isinstance(bit, int))
    for cell in module["cells"].values():
        yield from (bit for bits in cell["connections"].values() for bit in bits if isinstance(bit, int))


def _outer(instance: Mapping[str, Any], macro: Macro, joined: dict[_Net, _Net]) -> dict[_Net, _Net]:
    """The design's net of each net at the macro's ports; ``joined`` gets nets that become another one."""
    outer: dict[_Net, _Net] = {}
    for direction in ("input", "output"):  # an output may be what comes in
        for name, port in macro.ports.items():
            if port["direction"] != direction:
                continue
            nets = instance["connections"][name]
            for inner, net in zip(port["bits"], nets, strict=True):
                if isinstance(inner, str):
                    joined[net] = inner
                elif outer.setdefault(inner, net) != net:
                    joined[net] = outer[inner]
    return outer


def _copy(
    instance: str, macro: Macro, place: tuple[int, int], outer: dict[_Net, _Net], nets: Iterator[int]
) -> dict[str, Any]:
    """The cells of a macro for ``instance``, wired and with a BEL each."""
    bels = macro.bels(*place)
    cells = {}
    for name, cell in macro.cells.items():
        pins = {}
        for pin, bits in cell["connections"].items():
            for bit in bits:
                if isinstance(bit, int) and bit not in outer:
                    outer[bit] = next(nets)
                net = outer.get(bit, bit)
                # No pin without a net: nextpnr would take the data of a packed flip-flop from an open DI.
                if net != "x":
                    pins[pin] = [net]
        cells[f"{instance}.{name}"] = {
            "hide_name": 0,
            "type": cell["type"],
            "parameters": cell["parameters"],
            "attributes": {"BEL": bels[name]},
            "port_directions": {pin: cell["port_directions"][pin] for pin in pins},
            "connections": pins,
        }
    return cells


def _join(module: dict[str, Any], joined: Mapping[_Net, _Net]) -> None:
    """Replace every net in ``joined`` by the one that it became."""

    def last(net: _Net) -> _Net:
        while net in joined:
            net = joined[net]
        return net

    if not joined:
        return
    for part in (*module["ports"].values(), *module["netnames"].values()):
        part["bits"] = [last(bit) for bit in part["bits"]]
    for cell in module["cells"].values():
        for pin, bits in cell["connections"].items():
            cell["connections"][pin] = [last(bit) for bit in bits]
