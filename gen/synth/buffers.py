"""Buffer trees on nets with many loads.

ABC sizes and buffers what lies between registers, but it takes a register's own output, such as a clock
enable, for a source of any strength. Without this step such a net has the delay of its thousands of loads.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

__all__ = ["MOST_LOADS", "buffer_nets"]

MOST_LOADS = 16
"""Loads of a net behind `buffer_nets`."""

_Load = tuple[str, str]
"""A pin of a cell, by their names."""


def buffer_nets(module: dict[str, Any], *, buffer: str, pins: tuple[str, str], keep: str = "clk") -> int:
    """Give no net of ``module`` more than ``MOST_LOADS`` loads; returns how many buffers that took.

    Parameters
    ----------
    module:
        A flat module of a Yosys JSON netlist, changed in place. Its own outputs are no loads.
    buffer, pins:
        The cell to drive with, its input and its output.
    keep:
        An input that stays as it is: a layout gives the clock a tree of its own.
    """
    kept = set(module["ports"].get(keep, {"bits": ()})["bits"])
    loads = _loads(module)
    nets = count(max((*loads, *_bits(module["ports"]), 1)) + 1)
    added = 0
    for net in sorted(loads.keys() - kept):
        rest = loads[net]
        while len(rest) > MOST_LOADS:
            above: list[_Load] = []
            for group in _groups(rest):
                name, output = f"buffer_{net}_{added}", next(nets)
                for cell, pin in group:
                    module["cells"][cell]["connections"][pin] = [output]
                module["cells"][name] = _cell(buffer, pins, net, output)
                above.append((name, pins[0]))
                added += 1
            rest = above
    return added


def _groups(loads: list[_Load]) -> Iterator[list[_Load]]:
    return (loads[i : i + MOST_LOADS] for i in range(0, len(loads), MOST_LOADS))


def _bits(ports: Mapping[str, Any]) -> list[int]:
    return [bit for port in ports.values() for bit in port["bits"] if isinstance(bit, int)]


def _loads(module: Mapping[str, Any]) -> dict[int, list[_Load]]:
    """Input pins of cells on each net: standard cells have pins of one bit."""
    loads: dict[int, list[_Load]] = {}
    for name, cell in module["cells"].items():
        for pin, (bit,) in cell["connections"].items():
            net = loads.setdefault(bit, []) if isinstance(bit, int) else []
            if cell["port_directions"][pin] == "input":
                net.append((name, pin))
    return loads


def _cell(kind: str, pins: tuple[str, str], net: int, output: int) -> dict[str, Any]:
    return {
        "type": kind,
        "parameters": {},
        "attributes": {},
        "port_directions": dict(zip(pins, ("input", "output"), strict=True)),
        "connections": dict(zip(pins, ([net], [output]), strict=True)),
    }
