"""A netlist of Yosys as a graph of nets: the one reader that ``levels`` and ``fan_out`` search."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gen.synth.cell_tables import CELLS
from gen.synth.cells import Cell, Kind, Path, Role, matches
from gen.synth.errors import SynthesisError
from gen.synth.names import Names

__all__ = ["Load", "Logic", "Nets", "Pin", "read_nets"]


@dataclass(frozen=True, slots=True)
class Pin:
    """A pin of a cell.

    Parameters
    ----------
    cell:
        Name of the cell in the netlist.
    kind:
        Its type.
    pin:
        The pin, with a number in brackets where the port is wider than a bit.
    """

    cell: str
    kind: str
    pin: str


@dataclass(frozen=True, slots=True)
class Load:
    """What reads a net: an input of a cell, or an output of the design, which has no ``pin``."""

    pin: Pin | None
    role: Role


@dataclass(frozen=True, slots=True, eq=False)
class Logic:
    """A way through a cell without a register.

    Parameters
    ----------
    cell:
        Name of the cell.
    kind:
        Its type.
    inputs:
        Nets that it depends on, each with the levels from there.
    outputs:
        Nets that it drives.
    """

    cell: str
    kind: str
    inputs: tuple[tuple[int, int], ...]
    outputs: tuple[int, ...]


@dataclass(kw_only=True)
class Nets:
    """A netlist without hierarchy. A net is a number, as in the netlist.

    Parameters
    ----------
    cells:
        Rules of the family, by type.
    logic:
        Ways from nets to nets.
    starts:
        Nets that registers drive, and levels of logic behind the register in the same cell.
    ends:
        Nets that end in a register, at which pin, and the levels until there.
    inputs, outputs:
        Nets of the ports.
    drivers:
        What drives each net; ports are left out.
    loads:
        What reads each net.
    names:
        What to call them.
    """

    cells: Mapping[str, Cell]
    logic: list[Logic]
    starts: dict[int, int]
    ends: list[tuple[int, Pin, int]]
    inputs: dict[int, str]
    outputs: dict[int, str]
    drivers: dict[int, Pin]
    loads: dict[int, list[Load]]
    names: Names

    def name(self, net: int) -> str:
        """Name in the design of ``net``, or ``before`` that of the nearest signal that it leads to."""
        return self.names.nearest(net, self._following)

    def start_name(self, net: int) -> str:
        """Name of the register that drives ``net``."""
        driver = self.drivers.get(net)
        return self.names.get(net) or (driver and self.names.cell(driver.cell)) or self.name(net)

    def pin_name(self, pin: Pin) -> str:
        """Name of the register with an input ``pin``; with the pin, if that is not a register's data."""
        driven = self._driven.get(pin.cell, [])
        named = self.names.get(driven[0]) if self.cells[pin.kind].kind is Kind.REGISTER and driven else None
        name = named or self.names.cell(pin.cell) or (self.name(driven[0]) if driven else pin.kind)
        return name if pin.pin in ("D", "DI") else f"{name}.{pin.pin}"

    @cached_property
    def _driven(self) -> dict[str, list[int]]:
        """The nets that each cell drives."""
        found: dict[str, list[int]] = {}
        for net, pin in self.drivers.items():
            found.setdefault(pin.cell, []).append(net)
        return found

    def _following(self, net: int) -> Iterator[int]:
        """Nets that ``net`` leads to through a cell."""
        for load in self.loads.get(net, ()):
            if load.pin:
                yield from self._driven.get(load.pin.cell, ())


def read_nets(netlist: Mapping[str, Any], family: str, *, boxes: Iterable[str] = ()) -> Nets:
    """The graph of ``netlist``, Yosys JSON of the cells of ``family`` with one module.

    ``boxes`` are modules that count as registers. Raises ``SynthesisError`` for another cell that the
    family's table does not have.
    """
    (module,) = (module for module in netlist["modules"].values() if "top" in module["attributes"])
    cells = {name: cell for name, cell in module["cells"].items() if cell["type"] != "$scopeinfo"}
    rules = {**CELLS[family], **dict.fromkeys(boxes, Cell(kind=Kind.REGISTER))}
    if unknown := sorted({cell["type"] for cell in cells.values()} - rules.keys()):
        known = ", ".join(sorted(rules))
        raise SynthesisError(f"{family}: no rule for paths through {', '.join(unknown)} (known: {known})")
    nets = Nets(
        cells=rules,
        logic=[],
        starts={},
        ends=[],
        inputs=_ports(module, "input"),
        outputs=_ports(module, "output"),
        drivers={},
        loads={},
        names=Names(module["netnames"], rules),
    )
    pins = {name: _Pins(name, cell) for name, cell in cells.items()}
    for cell in pins.values():
        nets.drivers.update({net: Pin(cell.name, cell.kind, pin) for pin, net in cell.outputs.items()})
    for cell in pins.values():
        _add(nets, cell)
    for net in nets.outputs:
        nets.loads.setdefault(net, []).append(Load(None, Role.PORT))
    return nets


class _Pins:
    """A cell with the nets at its pins; constants are left out."""

    def __init__(self, name: str, cell: Mapping[str, Any]):
        self.name = name
        self.kind: str = cell["type"]
        self.parameters: Mapping[str, str] = cell.get("parameters", {})
        self.inputs: dict[str, int] = {}
        self.outputs: dict[str, int] = {}
        for port, bits in cell["connections"].items():
            pins = self.outputs if cell["port_directions"][port] == "output" else self.inputs
            for i, net in enumerate(bits):
                if isinstance(net, int):
                    pins[port if len(bits) == 1 else f"{port}[{i}]"] = net


def _ports(module: Mapping[str, Any], direction: str) -> dict[int, str]:
    """Nets of the ports in a direction, each with its name."""
    return {
        net: name if len(port["bits"]) == 1 else f"{name}[{i}]"
        for name, port in module["ports"].items()
        if port["direction"] == direction
        for i, net in enumerate(port["bits"])
        if isinstance(net, int)
    }


def _add(nets: Nets, cell: _Pins) -> None:
    """Take a cell's pins and its ways into ``nets``."""
    rule = nets.cells[cell.kind]
    for pin, net in cell.inputs.items():
        nets.loads.setdefault(net, []).append(Load(Pin(cell.name, cell.kind, pin), rule.role(pin)))
    on_a_path: set[str] = set()
    for path in rule.paths:
        inputs = [pin for pin in cell.inputs if matches(path.inputs, pin)]
        outputs = [pin for pin in cell.outputs if matches(path.outputs, pin)]
        on_a_path.update(inputs, outputs)
        _add_path(nets, cell, path, inputs, outputs)
    if rule.kind not in (Kind.REGISTER, Kind.MEMORY, Kind.MULTIPLIER):
        return
    for pin, net in cell.inputs.items():
        if pin not in on_a_path and rule.role(pin) is not Role.CLOCK:
            nets.ends.append((net, Pin(cell.name, cell.kind, pin), 0))
    for pin, net in cell.outputs.items():
        # What a memory holds comes out, too, whether a path leads through it from the address or not.
        if pin not in on_a_path or rule.kind is Kind.MEMORY:
            nets.starts.setdefault(net, 0)


def _add_path(nets: Nets, cell: _Pins, path: Path, inputs: list[str], outputs: list[str]) -> None:
    """Take a path of a cell into ``nets``: as logic, or as ends and starts if it has a register."""
    rule = nets.cells[cell.kind]
    costs = tuple((cell.inputs[pin], _cost(nets, rule, pin, cell.inputs[pin])) for pin in inputs)
    targets = tuple(cell.outputs[pin] for pin in outputs)
    before, inside, behind = (
        rule.registers(names, cell.parameters) for names in (path.before, path.inside, path.behind)
    )
    if not (before or inside or behind):
        if costs and targets:
            nets.logic.append(Logic(cell.name, cell.kind, costs, targets))
        return
    for pin, (net, cost) in zip(inputs, costs, strict=True):
        nets.ends.append((net, Pin(cell.name, cell.kind, pin), 0 if before else cost))
    for net in targets:
        nets.starts[net] = max(0 if behind else 1, nets.starts.get(net, 0))


def _cost(nets: Nets, rule: Cell, pin: str, net: int) -> int:
    source = nets.drivers.get(net)
    return rule.cost(pin, nets.cells[source.kind] if source else None, source.pin if source else "")
