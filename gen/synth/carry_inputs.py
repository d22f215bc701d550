"""Carry chains on Lattice Nexus without constants at their carry inputs.

nextpnr cannot bring a constant to the carry input of a CCU2, and Yosys ties that of every chain's first cell
to one. That cell makes the chain's first carry from its other inputs, so nothing depends on its carry input,
which this step leaves open. Where something does depend on it, it is an error.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from gen.synth.errors import SynthesisError
from gen.synth.trim import readers_of

__all__ = ["open_constant_carry_inputs"]

_CONSTANTS = {"VLO": 0, "VHI": 1}
"""Cells that drive one."""

_INPUTS = tuple(f"{pin}{half}" for half in "01" for pin in "ABCD")


def open_constant_carry_inputs(module: dict[str, Any]) -> int:
    """Open constant carry inputs in ``module``, one of Yosys' JSON in cells of Nexus, in place; how many.

    Raises ``SynthesisError`` for one that matters.
    """
    constants = _constants(module)
    readers = readers_of(module)
    opened = 0
    for name, cell in module["cells"].items():
        pins = cell["connections"]
        if cell["type"] != "CCU2" or not pins.get("CIN") or pins["CIN"][0] not in constants:
            continue
        choices = product(*(_values(pins.get(pin), constants) for pin in _INPUTS))
        followers = {pin for values in choices for pin in _followers(cell["parameters"], values)}
        if any(readers[bit] for pin in followers for bit in pins.get(pin, ())):
            raise SynthesisError(f"the carry input of {name} is a constant, which nextpnr cannot bring there")
        pins["CIN"] = []
        opened += 1
    return opened


def _constants(module: Mapping[str, Any]) -> dict[int | str, int]:
    """Value of each net that is a constant."""
    nets: dict[int | str, int] = {"0": 0, "1": 1}
    for cell in module["cells"].values():
        if cell["type"] in _CONSTANTS:
            nets[cell["connections"]["Z"][0]] = _CONSTANTS[cell["type"]]
    return nets


def _values(pin: list[Any] | None, constants: Mapping[int | str, int]) -> tuple[int, ...]:
    """Values that a pin can have."""
    return (constants[pin[0]],) if pin and pin[0] in constants else (0, 1)


def _followers(parameters: Mapping[str, str], values: tuple[int, ...]) -> Iterator[str]:
    """Outputs of a CCU2 that follow its carry input, with ``values`` at the other inputs.

    In each half, with T from its table: sum = T ^ carry, and the carry goes on if T is 1.
    """
    yield "S0"
    for half, behind in enumerate(("S1", "COUT")):
        index = sum(value << place for place, value in enumerate(values[4 * half : 4 * half + 4]))
        if not int(parameters[f"INIT{half}"], 16) >> index & 1:
            break
        yield behind
