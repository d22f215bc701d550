"""Copies of what drives many loads on ECP5, in the netlist between Yosys and nextpnr.

Yosys merges equal registers, and nextpnr makes no copies of its own: a select signal of a whole array stays
one register, whose wires then limit the clock. This step divides the loads of such a net among its driver
and copies of it, flip-flops or look-up tables with the same inputs. Loads that lead to signals of similar
names, which are near each other in the design's hierarchy, stay together. No signal gets another value at
any time.
"""

from collections.abc import Iterable, Iterator
from itertools import count
from math import ceil
from typing import Any

from gen.synth.cells import Role
from gen.synth.fan_out import MANY
from gen.synth.nets import Nets, Pin, read_nets

__all__ = ["copy_drivers"]

_OUTPUTS = {"TRELLIS_FF": "Q", "LUT4": "Z"}
"""Cells that are copied, and their output. Others are packed together with what drives them."""

_PLACE = "BEL"
"""Attribute of a cell that is placed already: it stays as it is."""

_ROUNDS = 8
"""Copies are loads, too: as often these are looked at. Beyond it nothing is left in any design so far."""


def copy_drivers(netlist: dict[str, Any], *, most: int = MANY, boxes: Iterable[str] = ()) -> int:
    """Give no net of ``netlist`` more than ``most`` loads, where its driver can be copied.

    Clocks and addresses of block memories do not count, outputs of the design do.

    Parameters
    ----------
    netlist:
        Yosys JSON with one module of ECP5 cells, changed in place.
    most:
        Most loads of a net.
    boxes:
        Modules that stay as they are, such as macros.

    Returns
    -------
    int
        How many copies were made.
    """
    (module,) = (module for module in netlist["modules"].values() if "top" in module["attributes"])
    cells = module["cells"]
    numbers = count(1 + max(_numbers(module)))
    copies = 0
    for _ in range(_ROUNDS):
        nets = read_nets(netlist, "ecp5", boxes=boxes)
        many = [net for net, loads in nets.loads.items() if _copyable(cells, nets, net) and len(loads) > most]
        before = copies
        for net in sorted(many):
            driver = nets.drivers[net]
            for group in _groups(nets, net, most):
                copies += 1
                _move(cells, driver, f"{driver.cell}$copy{copies}", next(numbers), group)
        if copies == before:
            break
    return copies


def _numbers(module: dict[str, Any]) -> Iterator[int]:
    """All nets of a module."""
    for cell in module["cells"].values():
        yield from (bit for bits in cell["connections"].values() for bit in bits if isinstance(bit, int))
    for port in module["ports"].values():
        yield from (bit for bit in port["bits"] if isinstance(bit, int))


def _copyable(cells: dict[str, Any], nets: Nets, net: int) -> bool:
    driver = nets.drivers.get(net)
    return (
        driver is not None
        and _OUTPUTS.get(driver.kind) == driver.pin
        and _PLACE not in cells[driver.cell].get("attributes", {})
    )


def _groups(nets: Nets, net: int, most: int) -> Iterator[list[Pin]]:
    """The loads that copies get, at most ``most`` each; as many stay with the driver."""
    loads = nets.loads[net]
    pins = [load.pin for load in loads if load.pin and load.role not in (Role.CLOCK, Role.ADDRESS)]
    if len(loads) > len(pins) + most:
        return  # what cannot be moved is too much for the driver alone
    pins.sort(key=lambda pin: (nets.pin_name(pin).removeprefix("before "), pin.cell, pin.pin))
    number = ceil(len(pins) / most)
    for n in range(1, number):
        yield pins[n * len(pins) // number : (n + 1) * len(pins) // number]


def _move(cells: dict[str, Any], driver: Pin, name: str, net: int, pins: list[Pin]) -> None:
    """A copy of ``driver``, called ``name``, that drives ``pins`` by ``net``."""
    cell = cells[driver.cell]
    cells[name] = {
        **cell,
        "attributes": dict(cell.get("attributes", {})),
        "connections": {**cell["connections"], driver.pin: [net]},
    }
    for pin in pins:
        port, _, number = pin.pin.partition("[")
        bits = cells[pin.cell]["connections"][port]
        place = int(number.rstrip("]") or 0)
        cells[pin.cell]["connections"][port] = [*bits[:place], net, *bits[place + 1 :]]
