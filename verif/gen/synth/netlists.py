"""Netlists made by hand, as Yosys writes them."""

import re

from gen.synth.levels import longest_chains
from gen.synth.nets import read_nets

OUTPUTS = re.compile(r"Z|Q|S[01]|C?OUT|S?OUT|O5?|CO|DO|DO[AB]\d+|SPO|P\d*|PCOUT|SUM|[FGV]|DOUT")
"""Pins that drive nets, of all cells in these tests."""


def cell(kind, /, parameters=None, **pins):
    """A cell; a pin has a net by its name, a list of them, or a constant "0" or "1"."""
    return {"type": kind, "parameters": parameters or {}, "pins": pins}


def register(d, q, **pins):
    """A flip-flop of ECP5."""
    return cell("TRELLIS_FF", CLK="clk", DI=d, Q=q, **pins)


def amd_register(d, q, **pins):
    """A flip-flop of AMD."""
    return cell("FDRE", C="clk", D=d, Q=q, **pins)


def lut(z, *inputs):
    """A look-up table of ECP5 that drives ``z``."""
    return cell("LUT4", Z=z, **dict(zip("ABCD", inputs, strict=False)))


def netlist(*cells, inputs=(), outputs=()):
    """A netlist of ``cells``. Nets whose names begin with ``$`` are hidden, as those that Yosys makes up."""
    numbers = {"0": "0", "1": "1"}

    def bits(nets):
        return [numbers.setdefault(net, len(numbers)) for net in ([nets] if isinstance(nets, str) else nets)]

    made = {
        f"$cell${i}": {
            "type": c["type"],
            "parameters": c["parameters"],
            "connections": {pin: bits(nets) for pin, nets in c["pins"].items()},
            "port_directions": {
                pin: "output" if OUTPUTS.fullmatch(pin) and (pin != "S0" or c["type"] == "CCU2C") else "input"
                for pin in c["pins"]
            },
        }
        for i, c in enumerate(cells)
    }
    ports = {name: {"direction": "input", "bits": bits(name)} for name in ("clk", "rst", *inputs)}
    ports |= {name: {"direction": "output", "bits": bits(name)} for name in outputs}
    names = {
        name: {"hide_name": int(name.startswith("$")), "bits": [number], "attributes": {}}
        for name, number in numbers.items()
        if isinstance(number, int)
    }
    return {
        "modules": {
            "LUT4": {"attributes": {"blackbox": "1"}, "ports": {}, "cells": {}, "netnames": {}},
            "top": {"attributes": {"top": "1"}, "ports": ports, "cells": made, "netnames": names},
        }
    }


def chains(*cells, family="ecp5", inputs=(), outputs=()):
    return longest_chains(read_nets(netlist(*cells, inputs=inputs, outputs=outputs), family))
