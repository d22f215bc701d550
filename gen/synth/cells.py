"""What a cell of an FPGA does to a path: the rules by which ``levels`` and ``fan_out`` read a netlist."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache

__all__ = ["Cell", "Fixed", "Kind", "Path", "Role"]


class Kind(Enum):
    """What a cell is."""

    REGISTER = "register"
    LUT = "LUT"
    CARRY = "carry cell"
    MUX = "wide multiplexer"
    MEMORY = "memory"
    MULTIPLIER = "multiplier"
    CONSTANT = "constant"


class Role(Enum):
    """What a pin does with its net."""

    CLOCK = "clock"
    RESET = "reset"
    ENABLE = "enable"
    ADDRESS = "address"
    """Address of a block memory; that of a LUT memory is data."""
    DATA = "data"
    PORT = "port"
    """No pin: an output of the design."""


@dataclass(frozen=True, kw_only=True)
class Path:
    """A way through a cell. Pins are regular expressions: of ``S``, or of ``S[3]`` where a port is wider.

    Parameters
    ----------
    inputs, outputs:
        Pins: each of the outputs depends on each of the inputs.
    before, inside, behind:
        Parameters that put a register before, into or behind the logic, where a path then ends and another
        begins.
    """

    inputs: str
    outputs: str
    before: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """Pins with a wire of their own from a cell beside them, on which a path is still in the same level.

    Parameters
    ----------
    pins:
        The pins.
    kinds:
        What the cell that drives them must be.
    sources:
        The pins of that cell where the wire begins.
    """

    pins: str
    kinds: tuple[Kind, ...]
    sources: str = ".*"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A type of cell. A path ends at an input that is on none of ``paths``, and begins at such an output.

    Parameters
    ----------
    kind:
        What it is.
    paths:
        Ways through it.
    fixed:
        Pins with wires of their own.
    registered:
        Whether a parameter of ``Path`` that is not given stands for a register.
    clock, reset, enable, address:
        Pins of these roles; all others are data.
    """

    kind: Kind
    paths: tuple[Path, ...] = ()
    fixed: tuple[Fixed, ...] = ()
    registered: bool = False
    clock: str = ""
    reset: str = ""
    enable: str = ""
    address: str = ""

    def role(self, pin: str) -> Role:
        """What the input ``pin`` does with its net."""
        for role in (Role.CLOCK, Role.RESET, Role.ENABLE, Role.ADDRESS):
            if matches(getattr(self, role.value), pin):
                return role
        return Role.DATA

    def cost(self, pin: str, source: "Cell | None", source_pin: str) -> int:
        """Levels from a net that ``source`` drives, or an input of the design, through ``pin``."""
        own = source and any(
            source.kind in wire.kinds and matches(wire.pins, pin) and matches(wire.sources, source_pin)
            for wire in self.fixed
        )
        return 0 if own else 1

    def registers(self, names: tuple[str, ...], parameters: Mapping[str, str]) -> bool:
        """Whether one of the parameters ``names`` puts a register into a cell with ``parameters``."""
        return any(_is_register(parameters.get(name), self.registered) for name in names)


@cache
def matches(pattern: str, pin: str) -> bool:
    """Whether all of ``pin`` is what the regular expression stands for."""
    return re.fullmatch(pattern, pin) is not None


def _is_register(value: str | None, default: bool) -> bool:
    """Whether a parameter says that there is a register: a number but 0, or the name of a clock."""
    if value is None:
        return default
    return value not in ("NONE", "BYPASS") and bool(value.strip("0"))
