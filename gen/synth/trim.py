"""Carry chains on ECP5 without the cells that nextpnr adds at their ends.

nextpnr puts a whole carry cell (two TRELLIS_COMB) in front of every chain whose carry input is connected,
to bring the carry in from the fabric, and one behind every chain whose carry output is connected, to take
it out: connected to anything, even a constant or a net that nobody reads, as in everything that Yosys
writes. This step marks two kinds of connections as undriven ("x") in the netlist between Yosys and
nextpnr:

- a carry output that nobody reads;
- a constant at a carry input that cannot reach any signal in use: the first half's sum is not read, and its
  look-up table is 0 for every value of the inputs that are not constant, so the carry that it hands on
  is generated in this very cell. Chains whose carry comes from logic or is not 0 begin with such a cell.

Neither changes a function, whatever value an undriven input takes; ``verif/netlist`` simulates the
netlists that leave this step with undriven inputs at 0, at 1 and at random.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

__all__ = ["Trimmed", "readers_of", "trim_carry_chains"]

_UNDRIVEN = "x"


@dataclass(frozen=True, kw_only=True)
class Trimmed:
    """How many connections were marked as undriven.

    Parameters
    ----------
    inputs, outputs:
        Carry inputs and carry outputs.
    """

    inputs: int
    outputs: int


def trim_carry_chains(netlist: dict[str, Any]) -> Trimmed:
    """Mark needless carry connections of ``netlist``, a Yosys JSON netlist of ECP5 cells, in place."""
    inputs = outputs = 0
    for module in netlist["modules"].values():
        readers = readers_of(module)
        for cell in module["cells"].values():
            if cell["type"] != "CCU2C":
                continue
            pins = cell["connections"]
            if _is_net(pins.get("COUT")) and not readers[pins["COUT"][0]]:
                pins["COUT"] = [_UNDRIVEN]
                outputs += 1
            if pins.get("CIN") in (["0"], ["1"]) and _ignores_carry_in(cell, readers):
                pins["CIN"] = [_UNDRIVEN]
                inputs += 1
    return Trimmed(inputs=inputs, outputs=outputs)


def readers_of(module: Mapping[str, Any]) -> Counter[int]:
    """How many inputs of cells and outputs of the module read each net."""
    readers: Counter[int] = Counter()
    for cell in module["cells"].values():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] != "output":
                readers.update(bit for bit in bits if isinstance(bit, int))
    for port in module["ports"].values():
        if port["direction"] != "input":
            readers.update(bit for bit in port["bits"] if isinstance(bit, int))
    return readers


def _ignores_carry_in(cell: Mapping[str, Any], readers: Counter[int]) -> bool:
    """Whether nothing that is read depends on the carry input: S0 = T ^ CIN, carry = T ? CIN : G, T = 0."""
    pins, parameters = cell["connections"], cell["parameters"]
    total = pins.get("S0")
    if _is_net(total) and readers[total[0]]:
        return False
    table = int(str(parameters["INIT0"]), 2)
    choices = [_values(pins.get(pin)) for pin in ("A0", "B0", "C0", "D0")]
    rows = (sum(bit << place for place, bit in enumerate(bits)) for bits in product(*choices))
    return not any(table >> row & 1 for row in rows)


def _values(pin: list[Any] | None) -> tuple[int, ...]:
    """Values that a pin can have."""
    return (int(pin[0]),) if pin in (["0"], ["1"]) else (0, 1)


def _is_net(pin: list[Any] | None) -> bool:
    return bool(pin) and isinstance(pin[0], int)  # type: ignore[index]
